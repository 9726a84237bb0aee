import { type ErrorDetails, escapeRemote, type GantryError } from '@gantry/oci';
import { type BackstageErrorCode, backstageError } from '../backstage-errors.ts';

/** What else is known about a fault. */
interface FaultFacts {
  readonly line?: number | undefined;
  readonly cause?: unknown;
  readonly hint?: string;
  readonly details?: ErrorDetails;
}

/** `CONFIG_CONTAINERS` about a file of the containers tools: `file[:line]: problem`. */
export function containersFault(
  file: string,
  problem: string,
  { line, cause, hint, details }: FaultFacts = {},
): GantryError<BackstageErrorCode> {
  const place = line === undefined ? file : `${file}:${line}`;
  return backstageError('CONFIG_CONTAINERS', `${escapeRemote(place)}: ${escapeRemote(problem, 1000)}`, {
    details: { file, ...(line !== undefined && { line }), ...details },
    ...(cause !== undefined && { cause }),
    ...(hint !== undefined && { hint }),
  });
}
