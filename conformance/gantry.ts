/** Runs the command line as a stranger does: its own process, its own home. */
import { resolve } from 'node:path';
import type { Cleanup } from '@gantry/testkit';
import { type Outcome, outcomeOf, temporaryDirectory } from './processes.ts';

/** The command as it is in the sources. */
export const launcher: string = resolve(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'gantry.mjs');

/** A gantry command with a home of its own. */
export interface Gantry {
  /** Environment that every run gets; a test may add to it. */
  readonly env: Record<string, string>;
  /** Runs to the end, whatever the exit code. */
  run(args: readonly string[], options?: { input?: string; cwd?: string }): Promise<Outcome>;
  /** Runs to exit code 0 and gives stdout; anything else is an error. */
  ok(args: readonly string[], options?: { input?: string; cwd?: string }): Promise<string>;
  /** Runs with `--json`; anything but exit 0 and one document is an error. */
  json(args: readonly string[], options?: { cwd?: string }): Promise<Record<string, unknown>>;
}

/** Makes a command with an empty home and no credentials of the machine's user. */
export async function gantry(t: Cleanup): Promise<Gantry> {
  const home = await temporaryDirectory(t);
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    GANTRY_HOME: `${home}/gantry`,
    DOCKER_CONFIG: `${home}/docker`,
    NO_COLOR: '1',
  };
  const run: Gantry['run'] = (args, options = {}) =>
    outcomeOf(process.execPath, [launcher, ...args], { cwd: home, ...options, onlyEnv: env });
  const ok: Gantry['ok'] = async (args, options) => {
    const { code, stdout, stderr } = await run(args, options);
    if (code !== 0) throw new Error(`gantry ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  };
  const json: Gantry['json'] = async (args, options) => JSON.parse(await ok([...args, '--json'], options));
  return { env, run, ok, json };
}
