import { openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { WasiHost } from './wasi-host.ts';
import { linkOnTheWay } from './wasi-links.ts';
import type { LoadMessage } from './wasm-messages.ts';
import type { WasmMemory } from './web-assembly.ts';

const LOOP = 32;
const NOTSUP = 58;
const NOTCAPABLE = 76;
const FIRST_PREOPEN = 3;
/** Rights of preview 1 that only look: read, seek, tell, advise, open, readdir, readlink, stat, poll. */
const READING = [1n, 2n, 5n, 7n, 13n, 14n, 15n, 18n, 21n, 27n].reduce((all, bit) => all | (1n << bit), 0n);
/** O_CREAT, O_EXCL and O_TRUNC of `path_open`. */
const CHANGING_FLAGS = 1 | 4 | 8;
const PATH_OPEN = { flags: 4, base: 5, inheriting: 6, result: 8 } as const;

interface PathFunction {
  /** Positions of a directory's descriptor, and of the path below it: an address, with its length after it. */
  readonly paths: readonly (readonly [descriptor: number, path: number])[];
  readonly changes: boolean;
  /** It is about the link itself when the path ends in one. */
  readonly onLink?: true;
}

/** The functions about paths of preview 1, except `path_symlink`, which nobody gets. */
const PATH_FUNCTIONS: Readonly<Record<string, PathFunction>> = {
  path_create_directory: { paths: [[0, 1]], changes: true },
  path_filestat_get: { paths: [[0, 2]], changes: false },
  path_filestat_set_times: { paths: [[0, 2]], changes: true },
  path_link: {
    paths: [
      [0, 2],
      [4, 5],
    ],
    changes: true,
  },
  path_open: { paths: [[0, 2]], changes: false },
  path_readlink: { paths: [[0, 1]], changes: false, onLink: true },
  path_remove_directory: { paths: [[0, 1]], changes: true },
  path_rename: {
    paths: [
      [0, 1],
      [3, 4],
    ],
    changes: true,
    onLink: true,
  },
  path_unlink_file: { paths: [[0, 1]], changes: true, onLink: true },
};

type WasiFunction = (...values: never[]) => number;

/**
 * Adds directories to a WASI host, through `node:wasi`, which by Node's own documentation does not contain untrusted
 * code: it follows a link to a directory out of what is granted. So paths with a link in them are refused here, and no
 * link can be made. A directory that may only be read is kept so: nothing below its descriptor is changed, and what is
 * opened there is opened without any right to write, which is inherited. README.md says what remains.
 */
export async function openDirectories(directories: LoadMessage['directories']): Promise<(base: WasiHost) => WasiHost> {
  // Not at the top: in a bundle that would load it for every plugin.
  const { WASI } = await import('node:wasi');
  // What a module does with the standard streams never gets here; they lead nowhere all the same.
  const nothing = openSync(devNull, 'r+');
  return (base) => {
    const wasi = new WASI({
      version: 'preview1',
      args: [],
      env: {},
      preopens: Object.fromEntries(directories.map(({ guest, host }) => [guest, host])),
      stdin: nothing,
      stdout: nothing,
      stderr: nothing,
    });
    const files = wasi.wasiImport as Readonly<Record<string, WasiFunction>>;
    let memory: WasmMemory | undefined;
    return {
      flush: base.flush,
      functions: { ...standardFirst(base.functions, files), ...guarded(files, directories, () => memory) },
      attach(of) {
        memory = of;
        base.attach(of);
        wasi.initialize({ exports: { memory: of } });
      },
    };
  };
}

/** Functions about descriptors: the standard three are the base's, the others are files. */
function standardFirst(
  base: WasiHost['functions'],
  files: Readonly<Record<string, WasiFunction>>,
): WasiHost['functions'] {
  const choose = (name: string, file: WasiFunction): WasiFunction => {
    const own = base[name] as WasiFunction;
    if (!name.startsWith('fd_')) return own;
    return (...values) => (Number(values[0]) < FIRST_PREOPEN ? own(...values) : file(...values));
  };
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, choose(name, file)]));
}

function guarded(
  files: Readonly<Record<string, WasiFunction>>,
  directories: LoadMessage['directories'],
  memory: () => WasmMemory | undefined,
): WasiHost['functions'] {
  const readOnly = (descriptor: number): boolean => directories[descriptor - FIRST_PREOPEN]?.writable === false;
  /** Where every open descriptor is, as `node:wasi` keeps it as well. */
  const places = new Map(directories.map(({ host }, index) => [FIRST_PREOPEN + index, host]));
  const call = (name: string, values: readonly unknown[]): number => files[name]?.(...(values as never[])) ?? NOTSUP;
  const textAt = (address: number, length: number): string =>
    Buffer.from(memory()?.buffer ?? new ArrayBuffer(0), address >>> 0, length >>> 0).toString();

  const functions: WasiHost['functions'] = {
    // Moving a descriptor would move it out of sight.
    fd_renumber: () => NOTSUP,
    path_symlink: () => NOTSUP,
    fd_filestat_set_times: (...values: never[]) =>
      readOnly(Number(values[0])) ? NOTCAPABLE : call('fd_filestat_set_times', values),
    fd_close(descriptor: number) {
      places.delete(descriptor);
      return call('fd_close', [descriptor]);
    },
  };
  for (const [name, { paths, changes, onLink }] of Object.entries(PATH_FUNCTIONS)) {
    functions[name] = (...given: never[]) => {
      const values: (number | bigint)[] = [...given];
      const opened: string[] = [];
      for (const [descriptor, path] of paths) {
        const at = Number(values[descriptor]);
        if (changes && readOnly(at)) return NOTCAPABLE;
        const place = places.get(at);
        const text = textAt(Number(values[path]), Number(values[path + 1]));
        if (place !== undefined && linkOnTheWay(place, text, onLink === true)) return LOOP;
        opened.push(`${place}/${text}`);
      }
      if (name !== 'path_open') return call(name, values);
      if (readOnly(Number(values[0]))) {
        if ((Number(values[PATH_OPEN.flags]) & CHANGING_FLAGS) !== 0) return NOTCAPABLE;
        values[PATH_OPEN.base] = BigInt(values[PATH_OPEN.base] ?? 0) & READING;
        values[PATH_OPEN.inheriting] = BigInt(values[PATH_OPEN.inheriting] ?? 0) & READING;
      }
      const errno = call(name, values);
      if (errno === 0) {
        const view = new DataView(memory()?.buffer ?? new ArrayBuffer(0));
        places.set(view.getUint32(Number(values[PATH_OPEN.result]) >>> 0, true), opened[0] ?? '');
      }
      return errno;
    };
  }
  return functions;
}
