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

/** Text out of a configuration file, an image or a catalog index, safe for a terminal and a log. */
export function shown(text: string): string {
  return escapeRemote(withoutSecrets(text), 1024);
}

/** Text in which no URL has userinfo or a query, which may be secrets: for whatever is logged, reported or kept. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(/(https?:\/\/)(?:[^/\s?#]*@)?([^?#\s]*)(?:[?#]\S*)?/gi, '$1$2');
}

/** What an entry is merged by, for logs and reports: cut at the `@` of a URL, it would be the userinfo. */
export function keyWithoutSecrets(key: string, packageText: string): string {
  return withoutSecrets(/^https?:\/\/[^/\s?#]*@/i.test(packageText) ? packageText : key);
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
