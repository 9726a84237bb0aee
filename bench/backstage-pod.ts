/** What an installer of Developer Hub runs in: a working directory, and a root for plugins on tmpfs. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Sample, sample } from './measure.ts';

const launcher: string = resolve(
  ...[import.meta.dirname, '..', 'build', 'npm', 'cli', 'bin', 'install-dynamic-plugins.mjs'],
);
const original: string = join(import.meta.dirname, 'original.py');

/** Where Linux keeps a tmpfs that everybody may write. */
const TMPFS = '/dev/shm';

/** A run of the built installer. */
export interface InstallSample extends Sample {
  /** Most bytes on the tmpfs during the run, beyond those at its end. */
  readonly spareBytes: number;
  /** The closing document. */
  readonly report: {
    readonly requests: number;
    readonly bytes: number;
    readonly plugins: readonly { state: string }[];
  };
}

/** A pod. Its directory holds the root, the working directory and the temporary directory. */
export interface Pod {
  readonly directory: string;
  /** Writes dynamic-plugins.yaml with these packages. */
  configure(packages: readonly string[]): void;
  /** Runs the built installer; `fresh` begins with an empty root. */
  install(fresh?: boolean): Promise<InstallSample>;
  /** Runs what the original does for these plugins, each `image!path`, with an empty root. */
  installAsOriginal(plugins: readonly string[]): Promise<Sample>;
  remove(): void;
}

/** Makes a pod. */
export function pod(): Pod {
  if (!existsSync(launcher)) throw new Error(`${launcher} is missing: run npm run bench, which builds it`);
  const directory = mkdtempSync(join(TMPFS, 'gantry-bench-'));
  const root = join(directory, 'root');
  const temporary = join(directory, 'tmp');
  const env = { HOME: directory, TMPDIR: temporary, TERMINATION_LOG: join(directory, 'termination-log') };
  const empty = (): void => {
    for (const name of [root, temporary]) {
      rmSync(name, { recursive: true, force: true });
      mkdirSync(name);
    }
  };
  empty();
  return {
    directory,
    configure: (packages) => {
      const text = packages.map((name) => `  - package: ${name}\n`).join('');
      writeFileSync(join(directory, 'dynamic-plugins.yaml'), `plugins:\n${text}`);
    },
    install: async (fresh = true) => {
      if (fresh) empty();
      let most = 0;
      const look = (): void => {
        most = Math.max(most, usedBytes());
      };
      const ran = await sample([process.execPath, launcher, root, '--json'], { env, cwd: directory, look });
      return { ...ran, spareBytes: Math.max(0, most - usedBytes()), report: JSON.parse(ran.stdout) };
    },
    installAsOriginal: (plugins) => {
      empty();
      return sample(['python3', original, root, ...plugins], { env, cwd: directory });
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function usedBytes(): number {
  const { bsize, blocks, bfree } = statfsSync(TMPFS);
  return (blocks - bfree) * bsize;
}
