import type { Environment } from '../environment.ts';
import { isGantryError } from '../errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { displayUrl } from '../transport/origin.ts';
import { backoff } from '../transport/retry.ts';

/**
 * Counts the attempts at something that spans several requests, such as a blob whose transfer was cut. What fails within
 * one request is repeated by the transport and not here.
 */
export interface Attempts {
  /**
   * Notes a failure and waits before the next attempt, longer each time, with jitter.
   * Throws the failure itself when it is not retryable or the attempts are used up.
   */
  failed(failure: unknown, url: URL): Promise<void>;
  /** The last attempt got somewhere: counting begins again. */
  progressed(): void;
}

/** Starts counting; at most `most` attempts, `retries` of the limits by default. */
export function countAttempts(environment: Environment, op?: Op, most: number = ociLimits(op, 'retries')): Attempts {
  let attempt = 1;
  return {
    progressed: () => {
      attempt = 1;
    },
    failed: async (failure, url) => {
      if (!isRetryable(failure) || attempt >= most) throw failure;
      const waitMs = backoff(attempt, environment, op);
      const reason = isGantryError(failure) ? failure.code : '';
      op?.onEvent?.({ type: 'retry', url: displayUrl(url), attempt, waitMs, reason });
      attempt += 1;
      await environment.sleep(waitMs, op?.signal);
    },
  };
}

/** Whether a failure may go away when the same thing is tried again. Cancellation never does. */
export function isRetryable(failure: unknown): boolean {
  return isGantryError(failure) && failure.retryable;
}
