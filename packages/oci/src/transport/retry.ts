import type { Environment } from '../environment.ts';
import { type GantryError, isGantryError } from '../errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';

const FIRST_PAUSE = 200;
const JITTER = 0.1;
const PASSING_STATUSES = new Set([408, 429, 500, 502, 503, 504]);
const PASSING_CODES = new Set(['REGISTRY_UNREACHABLE', 'REGISTRY_TIMEOUT', 'REGISTRY_PROXY']);

/** Whether an answer with this status may be another one later. */
export function isPassingStatus(status: number): boolean {
  return PASSING_STATUSES.has(status);
}

/** Whether a failure without an answer may pass. */
export function isPassing(error: unknown): error is GantryError {
  return isGantryError(error) && error.retryable && PASSING_CODES.has(error.code);
}

/** Milliseconds before the attempt after `attempt`: 200, 400, 800 … up to `retryDelay`, give or take a tenth. */
export function backoff(attempt: number, environment: Environment, op: Op | undefined): number {
  const pause = Math.min(FIRST_PAUSE * 2 ** (attempt - 1), ociLimits(op, 'retryDelay'));
  return Math.round(pause * (1 + JITTER * (2 * environment.random() - 1)));
}

/**
 * Milliseconds that a `Retry-After` asks for (RFC 9110, section 10.2.3: seconds or a date), at most `retryAfter`, with
 * up to a tenth more, so that many clients do not come back at once. Undefined: absent, negative or malformed.
 */
export function retryAfter(
  header: string | undefined,
  environment: Environment,
  op: Op | undefined,
): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const asked = /^[0-9]+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - environment.now();
  if (!(asked >= 0) || /^[+-]/.test(text)) return undefined;
  return Math.round(Math.min(asked, ociLimits(op, 'retryAfter')) * (1 + JITTER * environment.random()));
}
