import { type ErrorFamily, errorFamily, isGantryError } from '@gantry/oci';
import { Interrupted } from './interrupted.ts';

const byFamily: Readonly<Record<ErrorFamily, number>> = {
  STORE: 1,
  INSTALL: 1,
  REFERENCE: 2,
  CONFIG: 2,
  REGISTRY: 3,
  CONTENT: 4,
  ARCHIVE: 4,
  SIGNATURE: 4,
  POLICY: 4,
  RUNTIME: 5,
};

/** A name in use is a mistake on the command line, not a failure of the machine; a full disk is the other way round. */
const byCode: Readonly<Record<string, number>> = {
  CONFIG_OUTPUT_UNWRITABLE: 1,
  INSTALL_NAME_INVALID: 2,
  INSTALL_NAME_TAKEN: 2,
};

/** The more a failure says about what was fetched, the more it matters: 4 before 3 before 2 before 1; 5 stands alone. */
const order: readonly number[] = [4, 3, 2, 5, 1];

/** The exit code for one failure: its family's, 128+n after a signal, 1 for what nobody foresaw. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof AggregateError) return worstExitCode(error.errors);
  if (!isGantryError(error)) return 1;
  return byCode[error.code] ?? byFamily[errorFamily(error.code)] ?? 1;
}

/** One exit code for several failures; 0 for none. */
export function worstExitCode(errors: readonly unknown[]): number {
  const codes = errors.map(exitCodeOf);
  return codes.find((code) => code > 128) ?? order.find((code) => codes.includes(code)) ?? codes[0] ?? 0;
}
