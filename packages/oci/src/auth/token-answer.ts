import type { Environment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';

/** A token and the moment, on the monotonic clock, from which it is not used any more. */
export interface Token {
  readonly value: string;
  readonly expiresAt: number;
}

const SECOND = 1000;
/** What the token specification promises when `expires_in` says nothing usable. */
const DEFAULT_LIFETIME = 60 * SECOND;
/** A token is given up this much before its end, so that it does not expire on the way. */
const MARGIN = 5 * SECOND;

/**
 * Reads the answer of a token service: `token` or `access_token`, and `expires_in` in seconds. The lifetime counts from
 * now, not from `issued_at`, which is another machine's clock; it is 60 s when missing, zero, negative or not a number,
 * and at most the limit `tokenLifetime`. Throws `REGISTRY_PROTOCOL`, never with any part of the answer in it.
 */
export function readToken(body: Uint8Array, service: string, environment: Environment, op: Op | undefined): Token {
  const fields = parse(body, service);
  const value = [fields['token'], fields['access_token']].find((entry) => typeof entry === 'string' && entry !== '');
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    throw ociError('REGISTRY_PROTOCOL', `the token service ${service} answered without a usable token`, {
      details: { service },
    });
  }
  const claimed = fields['expires_in'];
  const usable = typeof claimed === 'number' && Number.isFinite(claimed) && claimed > 0;
  const lifetime = Math.min(usable ? claimed * SECOND : DEFAULT_LIFETIME, ociLimits(op, 'tokenLifetime'));
  return { value, expiresAt: environment.monotonic() + lifetime - Math.min(MARGIN, lifetime / 2) };
}

function parse(body: Uint8Array, service: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    document = undefined;
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw ociError('REGISTRY_PROTOCOL', `the token service ${service} did not answer with a JSON object`, {
      details: { service },
    });
  }
  return document as Record<string, unknown>;
}
