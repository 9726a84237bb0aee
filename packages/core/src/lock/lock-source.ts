import { relative, sep } from 'node:path';
import { formatReference, type Op } from '@gantry/oci';
import type { PackageSpec } from '../plugin/plugin.ts';
import { parseSource } from '../source/source-text.ts';

/**
 * A source as a lock in `directory` writes it: references normalised, paths and layouts relative to the directory, URLs
 * without their query, which may be a credential. Throws `REFERENCE_INVALID`.
 */
export function lockSource(spec: PackageSpec, directory: string, op?: Op): string {
  const named = parseSource(spec, op);
  if (named.type === 'url') return `${named.url.origin}${named.url.pathname}`;
  if (named.type === 'path') return relativePath(directory, named.path);
  const { reference } = named;
  return formatReference(
    reference.kind === 'layout' ? { ...reference, directory: relativePath(directory, reference.directory) } : reference,
  );
}

/** Written so that it is read as a path again: `./x`, `../x`, `.`. */
function relativePath(from: string, to: string): string {
  const path = relative(from, to).split(sep).join('/');
  if (path === '' || path === '..') return path === '' ? '.' : path;
  return path.startsWith('../') ? path : `./${path}`;
}
