import { type ErrorOptions, escapeRemote, type GantryError } from '@gantry/oci';
import { type BackstageErrorCode, backstageError } from '../backstage-errors.ts';
import type { Origin } from './origin.ts';

/** A place in a configuration, and which key stands there: `plugins[3].package`. */
export interface Place extends Origin {
  readonly key?: string;
}

/** The place as messages show it: ` (dynamic-plugins.yaml:12, plugins[3].package)`. */
export function placeText({ file, line, key }: Place): string {
  return ` (${shown(file)}:${line}${key === undefined ? '' : `, ${shown(key)}`})`;
}

/** Text out of a configuration file, an image or a catalog index, safe for a terminal. */
export function shown(text: string): string {
  return escapeRemote(text, 1024);
}

/** The error about what is written at a place; the message is the original's where it has one, the place follows it. */
export function configFault(
  code: BackstageErrorCode,
  message: string,
  place: Place,
  options: ErrorOptions = {},
): GantryError<BackstageErrorCode> {
  const { file, line, column, key } = place;
  return backstageError(code, `${message}${placeText(place)}`, {
    ...options,
    details: { ...options.details, file, line, column, ...(key === undefined ? {} : { key }) },
  });
}
