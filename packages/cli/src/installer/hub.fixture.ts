import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HubWorld, hubWorld } from '@gantry/testkit';

const bin = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin', 'install-dynamic-plugins.mjs');

/** How a run of the real program ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A pod with the real program in it. */
export interface Hub extends HubWorld {
  /** Runs `install-dynamic-plugins`; `started` gets the process. */
  run(args?: readonly string[], started?: (child: ChildProcess) => void): Promise<Ended>;
}

/** Lays out a pod. */
export async function hub(...args: Parameters<typeof hubWorld>): Promise<Hub> {
  const world = await hubWorld(...args);
  const { cwd, root, env } = world;
  return {
    ...world,
    run: async (command = [root], started = () => {}) => {
      const child = spawn(process.execPath, [bin, ...command], { cwd, env, stdio: 'pipe' });
      started(child);
      child.stdin.end();
      let [out, err] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        out += chunk;
      });
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        err += chunk;
      });
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, out, err };
    },
  };
}
