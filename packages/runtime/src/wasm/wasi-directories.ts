import { openSync } from 'node:fs';
import { devNull } from 'node:os';
import { WASI } from 'node:wasi';
import type { WasiHost } from './wasi-host.ts';
import type { LoadMessage } from './wasm-messages.ts';

const NOTCAPABLE = 76;
const NOTSUP = 58;
const FIRST_PREOPEN = 3;

/** Rights of preview 1 that only look: read, seek, tell, advise, readdir, open, readlink, stat, poll. */
const READING = bits(1, 2, 5, 7, 13, 14, 15, 18, 21, 27);
/** O_CREAT, O_EXCL and O_TRUNC of `path_open`. */
const CHANGING_FLAGS = 1 | 4 | 8;

/** Functions that change something below the directory of their first argument. */
const CHANGING = [
  'path_create_directory',
  'path_filestat_set_times',
  'path_remove_directory',
  'path_symlink',
  'path_unlink_file',
] as const;

type WasiFunction = (...values: never[]) => number;

/**
 * Adds directories to a WASI host, through `node:wasi`. A directory that may only be read is kept so by us: its own
 * descriptor changes nothing, and what is opened below it is opened without any right to write, which is inherited.
 * Node's documentation says that `node:wasi` does not contain untrusted code; README.md says what follows.
 */
export function openDirectories(directories: LoadMessage['directories']): (base: WasiHost) => WasiHost {
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
    const readOnly = (descriptor: number): boolean => directories[descriptor - FIRST_PREOPEN]?.writable === false;
    const functions = { ...ownFirst(base.functions, files), ...guards(files, readOnly) };
    return {
      functions,
      attach(memory) {
        base.attach(memory);
        wasi.initialize({ exports: { memory } });
      },
    };
  };
}

/** Functions about descriptors: the standard three are the base's, the others are files. */
function ownFirst(base: WasiHost['functions'], files: Readonly<Record<string, WasiFunction>>): WasiHost['functions'] {
  const functions: WasiHost['functions'] = {};
  for (const [name, file] of Object.entries(files)) {
    const own = base[name] as (descriptor: number, ...values: never[]) => number;
    const isFile = /^(fd|path|sock)_/.test(name);
    functions[name] = isFile
      ? (descriptor: number, ...values: never[]) =>
          descriptor < FIRST_PREOPEN ? own(descriptor, ...values) : file(...([descriptor, ...values] as never[]))
      : (own as WasiFunction);
  }
  return functions;
}

function guards(
  files: Readonly<Record<string, WasiFunction>>,
  readOnly: (descriptor: number) => boolean,
): WasiHost['functions'] {
  const call = (name: string, values: readonly unknown[]): number => files[name]?.(...(values as never[])) ?? NOTSUP;
  const guarded: WasiHost['functions'] = {
    // Moving a descriptor would move it out of sight of these guards.
    fd_renumber: () => NOTSUP,
    fd_filestat_set_times: (descriptor: number, ...rest: unknown[]) =>
      readOnly(descriptor) ? NOTCAPABLE : call('fd_filestat_set_times', [descriptor, ...rest]),
    path_open(directory: number, lookup: number, path: number, length: number, flags: number, ...rest: unknown[]) {
      const [base, inheriting, fdFlags, result] = rest as [bigint, bigint, number, number];
      if (!readOnly(directory)) return call('path_open', [directory, lookup, path, length, flags, ...rest]);
      if ((flags & CHANGING_FLAGS) !== 0) return NOTCAPABLE;
      const values = [directory, lookup, path, length, flags, base & READING, inheriting & READING, fdFlags, result];
      return call('path_open', values);
    },
    path_link: (from: number, lookup: number, path: number, length: number, to: number, ...rest: unknown[]) =>
      readOnly(from) || readOnly(to) ? NOTCAPABLE : call('path_link', [from, lookup, path, length, to, ...rest]),
    path_rename: (from: number, path: number, length: number, to: number, ...rest: unknown[]) =>
      readOnly(from) || readOnly(to) ? NOTCAPABLE : call('path_rename', [from, path, length, to, ...rest]),
  };
  for (const name of CHANGING) {
    // The directory is the first argument of all but path_symlink, where it follows the target's address and length.
    const position = name === 'path_symlink' ? 2 : 0;
    guarded[name] = (...values: never[]) => (readOnly(Number(values[position])) ? NOTCAPABLE : call(name, values));
  }
  return guarded;
}

function bits(...positions: readonly number[]): bigint {
  return positions.reduce((all, position) => all | (1n << BigInt(position)), 0n);
}
