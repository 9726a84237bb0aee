import type { Environment } from '../environment.ts';
import { type GantryError, isGantryError } from '../errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import type { Answer } from './answer.ts';
import { displayUrl, originOf } from './origin.ts';
import type { Rests } from './rests.ts';

const FIRST_PAUSE = 200;
const JITTER = 0.1;
const PASSING_STATUSES = new Set([408, 429, 500, 502, 503, 504]);
const PASSING_CODES = new Set(['REGISTRY_UNREACHABLE', 'REGISTRY_TIMEOUT', 'REGISTRY_PROXY']);

/** What {@link persist} needs to know. */
export interface Persistence {
  readonly url: URL;
  /** Whether a fault leaves it unknown but harmless if the registry did it already. */
  readonly repeatable: boolean;
  readonly environment: Environment;
  readonly op: Op | undefined;
  readonly signal: AbortSignal;
  /** What origins have asked for so far: nobody asks one before its time is over. */
  readonly rests: Rests;
  /** Statuses to return even though they may pass. */
  readonly accept?: readonly number[];
}

/**
 * Runs `attempt` until it answers with something that will not pass by itself, at most `retries` times, with pauses
 * that grow, or as long as `Retry-After` asks. Returns the last answer, throws the last error.
 */
export async function persist(rules: Persistence, attempt: () => Promise<Answer>): Promise<Answer> {
  const { environment, op, signal, repeatable, url, rests } = rules;
  const origin = originOf(url);
  const last = ociLimits(op, 'retries');
  for (let count = 1; ; count += 1) {
    let wait: number;
    let reason: string;
    try {
      const answer = await attempt();
      const { status } = answer;
      // 429 says that nothing was done, so even a POST may come again.
      const passing = PASSING_STATUSES.has(status) && (repeatable || status === 429);
      if (count >= last || !passing || rules.accept?.includes(status) === true) return answer;
      const asked = retryAfter(answer.header('retry-after'), environment, op);
      if (asked !== undefined) rests.ask(origin, asked);
      wait = asked ?? backoff(count, environment, op);
      reason = `status ${status}`;
      await answer.discard();
    } catch (error) {
      signal.throwIfAborted();
      if (!repeatable || count >= last || !isPassing(error)) throw error;
      wait = backoff(count, environment, op);
      reason = error.code;
    }
    op?.onEvent?.({ type: 'retry', url: displayUrl(url), attempt: count, waitMs: wait, reason });
    await environment.sleep(wait, signal);
  }
}

function isPassing(error: unknown): error is GantryError {
  return isGantryError(error) && error.retryable && PASSING_CODES.has(error.code);
}

/** Milliseconds before the attempt after `attempt`: 200, 400, 800 … up to `retryDelay`, give or take a tenth. */
export function backoff(attempt: number, environment: Environment, op: Op | undefined): number {
  const pause = Math.min(FIRST_PAUSE * 2 ** (attempt - 1), ociLimits(op, 'retryDelay'));
  return Math.round(pause * (1 + JITTER * (2 * environment.random() - 1)));
}

/**
 * Milliseconds that a `Retry-After` asks for (RFC 9110, section 10.2.3: seconds or a date), at most `retryAfter`, with
 * up to a tenth more, so that many clients do not come back at once. Undefined: absent, past or malformed.
 */
export function retryAfter(
  header: string | undefined,
  environment: Environment,
  op: Op | undefined,
): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const asked = /^[0-9]+$/.test(text) ? Number(text) * 1000 : dateOf(text) - environment.now();
  if (!(asked >= 0)) return undefined;
  return Math.round(Math.min(asked, ociLimits(op, 'retryAfter')) * (1 + JITTER * environment.random()));
}

/** `Date.parse` takes nearly anything; a date of HTTP starts with a day and ends in GMT. */
function dateOf(text: string): number {
  return /^[A-Z][a-z]+,? .*GMT$/.test(text) ? Date.parse(text) : Number.NaN;
}
