import { failureFacts } from '../output/failure.ts';

/** One finding of `gantry doctor`. */
export interface Check {
  /** What was looked at. Several findings may be about one. */
  readonly check: 'node' | 'configuration' | 'registry' | 'clock' | 'trust-root' | 'store' | 'plugins' | 'lock';
  /** A warning is worth knowing; a problem keeps something from working. */
  readonly state: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do about it; null where nothing is to be done. */
  readonly hint: string | null;
}

/** A finding that all is well. */
export function ok(check: Check['check'], message: string): Check {
  return { check, state: 'ok', message, hint: null };
}

/** A finding from an error, whose message and hint say what is wrong and what to do. `about` is put before the message. */
export function failed(
  check: Check['check'],
  error: unknown,
  about = '',
  state: Exclude<Check['state'], 'ok'> = 'problem',
): Check {
  const { code, message, hint } = failureFacts(error);
  const named = about === '' || message.includes(about) ? message : `${about}: ${message}`;
  return { check, state, message: `${named} (${code})`, hint };
}
