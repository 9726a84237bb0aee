import { memoryStorage, type RegistryOptions, type RegistryStorage, serveRegistry } from '@gantry/registry';
import type { Cleanup } from './cleanup.ts';
import { type RequestLog, recordRequests } from './request-log.ts';

/** A registry that runs for one test. */
export interface TestRegistry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What it serves, to be filled or looked at behind the protocol. */
  readonly storage: RegistryStorage;
  /** What it was asked. */
  readonly log: RequestLog;
  /** Stops it before the test ends. */
  close(): Promise<void>;
}

/** Starts a registry on a free loopback port, in memory by default, and closes it after the test. */
export async function startRegistry(t: Cleanup, options: Partial<RegistryOptions> = {}): Promise<TestRegistry> {
  const storage = options.storage ?? memoryStorage();
  const log = recordRequests();
  const server = await serveRegistry({
    ...options,
    storage,
    onRequest: (request, response, next) => {
      log.record(request, response);
      return options.onRequest === undefined ? next() : options.onRequest(request, response, next);
    },
  });
  t.after(() => server.close());
  return { address: server.address, url: server.url, storage, log, close: () => server.close() };
}
