import type { Op } from '@gantry/oci';
import type { Grants } from './plugin.ts';
import { runtimeError } from './runtime-errors.ts';
import { runtimeLimits } from './runtime-limits.ts';

/** Longest delay a timer of Node can wait for. */
const LONGEST = 2 ** 31 - 1;

/** Name of an environment variable as POSIX has it; lower case too, as `http_proxy` is. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The granted variables that are set. Throws `RUNTIME_GRANT_INVALID` for a grant that is no name of a variable. */
export function grantedVariables(
  granted: readonly string[] = [],
  host: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const name of granted) {
    if (!VARIABLE.test(name)) {
      throw runtimeError('RUNTIME_GRANT_INVALID', 'grants.env holds something that is no name of a variable', {
        details: { name },
      });
    }
    const value = host[name];
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}

/** Milliseconds that one call may take; throws `RUNTIME_GRANT_INVALID` unless it is a positive number. */
export function callTimeout(grants: Grants, op: Op | undefined): number {
  const timeout = grants.timeout ?? runtimeLimits(op, 'pluginTimeout');
  if (!(timeout > 0)) {
    throw runtimeError('RUNTIME_GRANT_INVALID', `grants.timeout is ${timeout}, expected milliseconds above 0`);
  }
  return Math.min(timeout, LONGEST);
}

/** Throws `RUNTIME_INPUT_LIMIT` for an input that no plugin accepts. */
export function checkInput(name: string, inputBytes: number, op: Op | undefined): void {
  const limit = runtimeLimits(op, 'pluginInputBytes');
  if (inputBytes > limit) {
    throw runtimeError(
      'RUNTIME_INPUT_LIMIT',
      `${name}: the input has ${inputBytes} bytes, at most ${limit} are accepted`,
    );
  }
}
