import type { Op } from '@gantry/oci';
import type { Grants } from './plugin.ts';
import { runtimeError } from './runtime-errors.ts';
import { runtimeLimits } from './runtime-limits.ts';

/** Longest delay a timer of Node can wait for. */
const LONGEST = 2 ** 31 - 1;

/** Milliseconds that one call may take; throws `RUNTIME_GRANT_INVALID` unless it is a positive number. */
export function callTimeout(grants: Grants, op: Op | undefined): number {
  const timeout = grants.timeout ?? runtimeLimits(op, 'pluginTimeout');
  if (!(timeout > 0)) {
    throw runtimeError('RUNTIME_GRANT_INVALID', `grants.timeout is ${timeout}, expected milliseconds above 0`);
  }
  return Math.min(timeout, LONGEST);
}
