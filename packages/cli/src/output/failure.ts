import { type GantryError, isGantryError, type JsonValue } from '@gantry/oci';

/** What is said about one failure: `error` of the JSON document. */
export interface FailureFacts {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, JsonValue>>;
}

/** The facts of any failure; for an error that nobody foresaw the code is `UNEXPECTED`. */
export function failureFacts(error: unknown): FailureFacts {
  if (isGantryError(error)) return fromGantry(error);
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === 'AbortError') {
    return { code: 'ABORTED', message, hint: 'nothing was left half done; run the command again', details: {} };
  }
  return { code: 'UNEXPECTED', message, hint: 'run it again with --verbose and report what it prints', details: {} };
}

function fromGantry(error: GantryError): FailureFacts {
  return { code: error.code, message: error.message, hint: error.hint, details: error.details };
}

/** The failures behind one error: the members of an `AggregateError`, else the error itself. */
export function eachFailure(error: unknown): readonly unknown[] {
  return error instanceof AggregateError ? error.errors : [error];
}
