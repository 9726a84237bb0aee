/** The bytes of a 206 answer: `start` to `end`, inclusive, of `total` (undefined when the server wrote `*`). */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly total: number | undefined;
}

/** Parses `bytes START-END/TOTAL` (RFC 9110, 14.4). Undefined for anything else, multipart included. */
export function parseContentRange(header: string | undefined): ContentRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const [start, end, total] = [Number(match[1]), Number(match[2]), match[3] === '*' ? undefined : Number(match[3])];
  if (end < start || (total !== undefined && end >= total)) return undefined;
  return { start, end, total };
}

/**
 * The number of bytes an upload holds, from its `Range: 0-END` (distribution-spec, "Pushing a blob in chunks"). `0-0` is
 * what registries write for an empty upload too: 0, since no chunk is a single byte unless the blob is. Undefined when absent.
 */
export function uploadedBytes(header: string | undefined): number | undefined {
  const match = /^(?:bytes=)?0-(\d{1,15})$/.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const end = Number(match[1]);
  return end === 0 ? 0 : end + 1;
}
