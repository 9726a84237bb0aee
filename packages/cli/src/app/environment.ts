import { type Environment, systemEnvironment } from '@gantry/oci';
import type { Io } from '../io.ts';

/** The outside world of the libraries, with the variables that the command line was given. */
export function environmentOf({ env }: Pick<Io, 'env'>): Environment {
  return { ...systemEnvironment(), env };
}
