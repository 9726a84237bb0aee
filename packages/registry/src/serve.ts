import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Connections } from './connections.ts';
import { handle } from './handler.ts';
import { registryError } from './registry-errors.ts';
import { registryLimits } from './registry-limits.ts';
import type { RegistryStorage } from './storage.ts';
import { UploadSessions } from './upload-session.ts';

/** Sees every request before the registry does. */
export type RequestHook = (
  request: IncomingMessage,
  response: ServerResponse,
  /** Lets the registry answer; resolves when it has. */
  next: () => Promise<void>,
) => Promise<void>;

/** Options of {@link serveRegistry}. */
export interface RegistryOptions {
  /** `memoryStorage()` or `directoryStorage(dir)`. */
  readonly storage: RegistryStorage;
  /** Default `127.0.0.1`: the registry has neither TLS nor users. */
  readonly host?: string;
  /** Default 0, a free one. */
  readonly port?: number;
  /** Everything but GET and HEAD is answered with 405, and nothing is written. Default false. */
  readonly readOnly?: boolean;
  /** Overrides of limits by name. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Called for each request, for logs and for tests that want another answer. */
  readonly onRequest?: RequestHook;
}

/** A registry that listens. */
export interface RegistryServer extends AsyncDisposable {
  /** `host:port`, as it stands in references. */
  readonly address: string;
  /** `http://host:port`. */
  readonly url: string;
  /** Stops listening, lets running requests finish, closes all other connections, drops unfinished uploads. */
  close(): Promise<void>;
}

/**
 * Serves the OCI distribution API 1.1 over plain HTTP: pull, push, mount, delete, tags, referrers. Throws
 * `REGISTRY_STORAGE` when the storage cannot be used and `REGISTRY_LISTEN` when the address cannot.
 */
export async function serveRegistry(options: RegistryOptions): Promise<RegistryServer> {
  const { storage, host = '127.0.0.1', port = 0, readOnly = false, onRequest } = options;
  const op = options.limits === undefined ? {} : { limits: options.limits };
  await storage.prepare(readOnly);
  const sessions = new UploadSessions(storage, options.limits);
  const running = new Set<Promise<void>>();

  const connections = new Connections();
  const idleTimeout = registryLimits(op, 'servedIdleTimeout');
  // A body takes its time as long as bytes come; a head has to be there at once.
  const server = createServer({ requestTimeout: 0, headersTimeout: idleTimeout }, (request, response) => {
    connections.begin(request.socket, response);
    const next = (): Promise<void> => handle({ storage, sessions, readOnly, ...op }, request, response);
    const answered = (onRequest === undefined ? next() : onRequest(request, response, next))
      .catch(() => void response.destroy())
      .finally(() => running.delete(answered));
    running.add(answered);
  });
  server.on('connection', (socket) => connections.add(socket));
  server.setTimeout(idleTimeout);
  await listen(server.listen(port, host), host, port);

  const bound = server.address() as AddressInfo;
  const address = `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
  let closing: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    connections.close();
    while (running.size > 0) await Promise.allSettled(running);
    await closed;
    await sessions.close();
  };
  const close = (): Promise<void> => {
    closing ??= stop();
    return closing;
  };
  return { address, url: `http://${address}`, close, [Symbol.asyncDispose]: close };
}

const NO_SUCH_ADDRESS: readonly string[] = ['EADDRNOTAVAIL', 'EINVAL', 'ENOTFOUND'];

async function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  try {
    await once(server, 'listening');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw registryError('REGISTRY_LISTEN', `cannot listen on ${host}:${port}: ${code}`, {
      cause,
      details: { host, port },
      ...(NO_SUCH_ADDRESS.includes(code) && { hint: 'name an address of this machine with --host' }),
    });
  }
}
