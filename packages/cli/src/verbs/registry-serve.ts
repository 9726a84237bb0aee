import { once } from 'node:events';
import { resolve } from 'node:path';
import { directoryStorage, memoryStorage, serveRegistry } from '@gantry/registry';
import type { Context } from '../context.ts';

/** Flags of `gantry registry serve`. */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly readOnly?: boolean;
}

/** `gantry registry serve [dir]`: says where it listens, then serves until it is interrupted. */
export async function registryServe(
  { io, output }: Context,
  [directory]: readonly [string | undefined],
  { host, port, readOnly = false }: ServeOptions,
): Promise<void> {
  const storage = directory === undefined ? memoryStorage() : directoryStorage(resolve(io.cwd, directory));
  await using server = await serveRegistry({ storage, host, port, readOnly });
  await output.result({ address: server.address }, [`listening on ${server.url}`]);
  // SIGTERM and SIGINT are how it is meant to end: running requests finish and the exit code is 0.
  if (!io.signal.aborted) await once(io.signal, 'abort');
}
