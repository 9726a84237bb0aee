import type { LookupAddress } from 'node:dns';
import { isIP, type Socket } from 'node:net';
import type { Environment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import { type AddressKind, addressKind } from './addresses.ts';
import { linkedAborter } from './deadline.ts';
import { networkError } from './network-errors.ts';

/** Where to connect to. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A connected socket and the kind of the address that was dialled. */
export interface Dialled {
  readonly socket: Socket;
  readonly kind: AddressKind;
}

/** Pause before the next address of a host is tried beside the one that is still connecting (RFC 8305). */
const ATTEMPT_DELAY = 250;

/**
 * Connects to a host: resolves it once, passes every address to `check`, which throws, dials exactly those addresses, families
 * taking turns, the next one when the one before failed or is slow. Because the name is not looked up again, a name
 * server cannot show one address to the check and another to the connection.
 * Throws `REGISTRY_UNREACHABLE` and what `check` throws.
 */
export async function dial(
  endpoint: Endpoint,
  check: (address: string) => void,
  environment: Environment,
  signal: AbortSignal,
): Promise<Dialled> {
  const addresses = await resolve(endpoint, environment, signal);
  for (const { address } of addresses) check(address);
  return race(endpoint, addresses, environment, signal);
}

async function resolve(endpoint: Endpoint, environment: Environment, signal: AbortSignal): Promise<LookupAddress[]> {
  const family = isIP(endpoint.host);
  if (family !== 0) return [{ address: endpoint.host, family }];
  let found: LookupAddress[];
  try {
    found = await environment.lookup(endpoint.host);
  } catch (error) {
    throw networkError(error, `cannot resolve ${endpoint.host}`, { host: endpoint.host });
  }
  signal.throwIfAborted();
  if (found.length === 0) {
    throw ociError('REGISTRY_UNREACHABLE', `cannot resolve ${endpoint.host}: no address`, {
      details: { host: endpoint.host },
    });
  }
  return interleave(found);
}

/** Families in turns, the resolver's first choice first. */
function interleave(addresses: readonly LookupAddress[]): LookupAddress[] {
  const first = addresses.filter((entry) => entry.family === addresses[0]?.family);
  const other = addresses.filter((entry) => entry.family !== addresses[0]?.family);
  return first.flatMap((entry, index) => [entry, ...other.slice(index, index + 1)]).concat(other.slice(first.length));
}

async function race(
  endpoint: Endpoint,
  addresses: readonly LookupAddress[],
  environment: Environment,
  signal: AbortSignal,
): Promise<Dialled> {
  const over = linkedAborter(signal);
  const failures: unknown[] = [];
  const attempts: Promise<Dialled>[] = [];
  let winner: Dialled | undefined;
  try {
    for (const [index, { address }] of addresses.entries()) {
      const attempt = connectTo(address, endpoint.port, environment, over.signal);
      attempts.push(attempt);
      attempt.catch((error: unknown) => failures.push(error));
      if (index < addresses.length - 1) winner = await withinDelay(attempts, environment);
      if (winner !== undefined) return winner;
    }
    winner = await Promise.any(attempts);
    return winner;
  } catch {
    signal.throwIfAborted();
    const where = `${endpoint.host}:${endpoint.port}`;
    throw networkError(failures[0], `cannot connect to ${where}`, { host: endpoint.host, port: endpoint.port });
  } finally {
    over.end();
    over.abort(undefined);
    for (const attempt of attempts) {
      attempt.then(
        (dialled) => dialled !== winner && dialled.socket.destroy(),
        () => {},
      );
    }
  }
}

/** The first of `attempts` to connect; undefined when all failed or the delay is over. */
async function withinDelay(
  attempts: readonly Promise<Dialled>[],
  environment: Environment,
): Promise<Dialled | undefined> {
  const pause = new AbortController();
  const slow = environment.sleep(ATTEMPT_DELAY, pause.signal).then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([Promise.any(attempts).catch(() => undefined), slow]);
  } finally {
    pause.abort();
  }
}

function connectTo(address: string, port: number, environment: Environment, signal: AbortSignal): Promise<Dialled> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const socket = environment.connect({ host: address, port });
    const settle = (): void => {
      socket.off('connect', onConnect);
      socket.off('error', onError);
      signal.removeEventListener('abort', onAbort);
    };
    const onConnect = (): void => {
      settle();
      resolve({ socket, kind: addressKind(address) });
    };
    const onError = (error: Error): void => {
      settle();
      reject(error);
    };
    const onAbort = (): void => {
      settle();
      socket.on('error', () => {});
      socket.destroy();
      reject(signal.reason);
    };
    socket.once('connect', onConnect);
    socket.once('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
