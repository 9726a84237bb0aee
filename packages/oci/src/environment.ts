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
