/** The built command, as it is published: `npm run bench` builds it first. */
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cache } from './fixtures.ts';
import { type Sample, sample } from './measure.ts';

const launcher: string = resolve(import.meta.dirname, '..', 'build', 'npm', 'cli', 'bin', 'gantry.mjs');

/** A home for the command, removed and made again by {@link Home.fresh}. */
export interface Home {
  readonly directory: string;
  /** Runs the built command; anything but exit 0 is an error. */
  run(args: readonly string[], input?: string): Promise<Sample>;
  /** The command line of a run, to be timed beside others. */
  command(args: readonly string[]): [string, ...string[]];
  /** Forgets store, plugins and state. */
  fresh(): void;
  readonly env: Record<string, string>;
}

/** A home under the cache directory. */
export function home(name: string): Home {
  if (!existsSync(launcher)) throw new Error(`${launcher} is missing: run npm run bench, which builds it`);
  const directory = join(cache, `home-${name}`);
  const env = { GANTRY_HOME: directory, HOME: directory, DOCKER_CONFIG: directory, NO_COLOR: '1' };
  const command = (args: readonly string[]): [string, ...string[]] => [process.execPath, launcher, ...args];
  return {
    directory,
    env,
    command,
    run: (args, input) => sample(command(args), { env, cwd: cache, ...(input === undefined ? {} : { input }) }),
    fresh: () => rmSync(directory, { recursive: true, force: true }),
  };
}
