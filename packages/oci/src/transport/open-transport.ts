import { systemEnvironment } from '../environment.ts';
import { GantryTransport } from './gantry-transport.ts';
import type { Transport, TransportOptions } from './transport.ts';

/**
 * Opens a {@link Transport}: keep-alive connections, tokens and origin rules for everything that shares it. Nothing
 * is connected before the first request. Dispose of it to close every connection.
 * Throws `REFERENCE_INVALID` when a key of `registries` is not `host[:port]`.
 */
export function openTransport(options: TransportOptions = {}): Transport {
  return new GantryTransport(options, options.environment ?? systemEnvironment());
}
