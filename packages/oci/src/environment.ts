import type { LookupAddress } from 'node:dns';
import type { Socket } from 'node:net';

/**
 * The outside world, in one object, so that tests can put failures where they want them.
 * {@link systemEnvironment} is the real one; every factory takes an optional environment.
 */
export interface Environment {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Monotonic clock, milliseconds. */
  monotonic(): number;
  /** Waits; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A number in [0, 1), for jitter. */
  random(): number;
  /** Process environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves a host name to all its addresses. */
  lookup(host: string): Promise<LookupAddress[]>;
  /** Opens a TCP connection to an address that was checked. */
  connect(address: { readonly host: string; readonly port: number }): Socket;
}

/** The real environment: this process's clocks, variables, name resolution and sockets. */
export function systemEnvironment(): Environment {
  return {
    now: () => Date.now(),
    // The global `performance` loads a module that nothing else on the way to a plugin needs.
    monotonic: () => Number(process.hrtime.bigint()) / 1e6,
    sleep,
    random: () => Math.random(),
    env: process.env,
    // Loaded when they are needed: a start that asks nobody does without the network.
    lookup: (host) => process.getBuiltinModule('node:dns/promises').lookup(host, { all: true }),
    connect: ({ host, port }) => process.getBuiltinModule('node:net').connect({ host, port, noDelay: true }),
  };
}

/** Node fires a longer timer at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      Math.min(ms, LONGEST_TIMER),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
