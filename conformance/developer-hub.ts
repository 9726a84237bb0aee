/** A pod of Developer Hub as far as the installer sees it: a working directory, a root, an environment of its own. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Cleanup } from '@gantry/testkit';
import { type Outcome, outcomeOf, temporaryDirectory } from './processes.ts';

/** The command as it is in the sources. */
export const installer: string = resolve(
  import.meta.dirname,
  '..',
  'packages',
  'cli',
  'bin',
  'install-dynamic-plugins.mjs',
);

/** Where the installer runs. */
export interface DeveloperHub {
  /** The working directory: dynamic-plugins.yaml and local packages are here. */
  readonly directory: string;
  /** `dynamic-plugins-root` below it, empty. */
  readonly root: string;
  /** The whole environment of every run; a test may add to it. */
  readonly env: Record<string, string>;
  /** Writes dynamic-plugins.yaml, or another file of the working directory; gives its path. */
  write(text: string, name?: string): Promise<string>;
  /** Runs `install-dynamic-plugins ROOT` to its end, whatever the exit code. */
  run(): Promise<Outcome>;
  /** Runs it with `--json`; anything but that exit code is an error. */
  report(exitCode?: number): Promise<HubReport>;
  /** First-level names of the root, sorted. */
  names(): Promise<readonly string[]>;
  /** Text of a file of the root. */
  read(path: string): Promise<string>;
}

/** The document that `--json` prints, as far as tests look at it. */
export interface HubReport {
  readonly plugins: readonly HubPlugin[];
  readonly requests: number;
  readonly bytes: number;
  readonly exitCode: number;
}

/** One plugin of the document. */
export interface HubPlugin {
  readonly package: string;
  readonly state: string;
  readonly digest?: string;
  readonly integrity?: string;
  readonly path?: string;
  readonly signer: string | null;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Lays out a working directory with an empty root. */
export async function developerHub(t: Cleanup): Promise<DeveloperHub> {
  const directory = await temporaryDirectory(t);
  const root = join(directory, 'dynamic-plugins-root');
  const temporary = join(directory, 'tmp');
  for (const one of [root, temporary]) await mkdir(one);
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: directory,
    TMPDIR: temporary,
    TERMINATION_LOG: join(temporary, 'termination-log'),
  };
  const start = (flags: readonly string[]): Promise<Outcome> =>
    outcomeOf(process.execPath, [installer, root, ...flags], { cwd: directory, onlyEnv: env });
  return {
    ...{ directory, root, env },
    write: async (text, name = 'dynamic-plugins.yaml') => {
      const file = join(directory, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    run: () => start([]),
    report: async (exitCode = 0) => {
      const { code, stdout, stderr } = await start(['--json']);
      if (code !== exitCode) throw new Error(`install-dynamic-plugins ended with ${code}: ${stdout}\n${stderr}`);
      return JSON.parse(stdout) as HubReport;
    },
    names: async () => (await readdir(root)).sort(),
    read: (path) => readFile(join(root, path), 'utf8'),
  };
}
