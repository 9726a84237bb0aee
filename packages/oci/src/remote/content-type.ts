import { MANIFEST_TYPES } from '../media-types.ts';
import type { TransportResponse } from '../transport/transport.ts';

/** Always the whole list: a registry must have no reason to convert what it stores. */
export const MANIFEST_ACCEPT: string = MANIFEST_TYPES.join(', ');

/** Types that name no format; a registry that answers with one says nothing. */
const UNTYPED: ReadonlySet<string> = new Set(['application/json', 'application/octet-stream', 'text/plain']);

/** The Content-Type of an answer without parameters, lower-case; undefined when it names no format. */
export function contentTypeOf(response: TransportResponse): string | undefined {
  const type = response.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  return type === undefined || type === '' || UNTYPED.has(type) ? undefined : type;
}
