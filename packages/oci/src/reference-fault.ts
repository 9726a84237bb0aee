import type { GantryError } from './errors.ts';
import { escapeRemote } from './escape.ts';
import { type OciErrorCode, ociError } from './oci-errors.ts';

/** The parts of a reference that an error can be about. */
export type ReferencePart = 'scheme' | 'registry' | 'repository' | 'tag' | 'digest' | 'path' | 'directory';

/** A `REFERENCE_INVALID` that shows the text, without what may be a secret in it, and points at an offset of it. */
export function referenceFault(
  text: string,
  offset: number,
  part: ReferencePart,
  message: string,
  options: { readonly hint?: string } = {},
): GantryError<OciErrorCode> {
  const column = offset + 1;
  const found = offset < text.length && part !== 'scheme' ? `, found ${foundAt(text, offset)}` : '';
  return ociError('REFERENCE_INVALID', `reference ${withoutSecrets(text)}: ${message} (column ${column}${found})`, {
    details: { column, part },
    ...options,
  });
}

function foundAt(text: string, offset: number): string {
  const point = text.codePointAt(offset) ?? 0;
  return `"${escapeRemote(String.fromCodePoint(point))}"`;
}

/** What somebody wrote where a reference or a registry belongs, quoted, escaped and capped, for a message. */
// SAFETY: people paste URLs with `user:password@` and `?token=` there; neither may reach a message (A11).
export function withoutSecrets(text: string): string {
  const scheme = text.indexOf('://');
  const start = scheme < 0 ? 0 : scheme + 3;
  const query = text.slice(start).search(/[?#]/);
  const kept = query < 0 ? text : `${text.slice(0, start + query)}…`;
  const at = kept.lastIndexOf('@');
  const userinfo = at >= start && !/^sha[0-9]+:/.test(kept.slice(at + 1));
  const shown = userinfo ? `${kept.slice(0, start)}…${kept.slice(at)}` : kept;
  return `"${escapeRemote(shown, 256)}"`;
}
