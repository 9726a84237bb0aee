import { basename, isAbsolute, resolve } from 'node:path';
import { escapeRemote, type Op, ociError, parseReference, type Reference, repositoryName } from '@gantry/oci';
import type { PackageSpec } from '../plugin/plugin.ts';

/** What the text of a source names. */
export type SourceText =
  | { readonly type: 'reference'; readonly reference: Reference }
  /** Absolute. */
  | { readonly type: 'path'; readonly path: string }
  | { readonly type: 'url'; readonly url: URL };

/**
 * Reads the source of a spec. `./x`, `../x`, `/x` and `file:x` are paths, `https://…` is a tarball, everything else a
 * reference; nothing is looked up on disk to tell them apart. Relative paths start from the spec's `base`.
 * Throws `REFERENCE_INVALID`, also for plain `http://` and for URLs that carry a user or password.
 */
export function parseSource(spec: PackageSpec, op?: Op): SourceText {
  const { source } = spec;
  const base = resolve(spec.base ?? '.');
  if (isPath(source)) {
    return { type: 'path', path: resolve(base, source.startsWith('file:') ? source.slice('file:'.length) : source) };
  }
  if (/^https?:\/\//i.test(source)) return { type: 'url', url: parseTarballUrl(source) };
  const reference = parseReference(source, op);
  if (reference.kind === 'registry') return { type: 'reference', reference };
  return { type: 'reference', reference: { ...reference, directory: resolve(base, reference.directory) } };
}

/** The name that policy scopes match: `host/repository`, `oci-layout:/path`, `https://host/path`, `file:/path`. */
export function scopeNameOf(named: SourceText): string {
  if (named.type === 'reference') return repositoryName(named.reference);
  // SAFETY A11: a query may hold a signature; it is sent, and appears nowhere else.
  return named.type === 'path' ? `file:${named.path}` : `${named.url.origin}${named.url.pathname}`;
}

/** Whether a source is written as a path on this machine. */
export function isPath(source: string): boolean {
  return source === '.' || source === '..' || /^(?:\.{1,2}[/\\]|file:)/.test(source) || isAbsolute(source);
}

function parseTarballUrl(source: string): URL {
  const url = URL.parse(source);
  // SAFETY A11: the text may hold a password or a signed query, so no message repeats it.
  if (url === null) throw ociError('REFERENCE_INVALID', 'the URL of a tarball is malformed');
  if (url.protocol !== 'https:') {
    throw ociError('REFERENCE_INVALID', `${escapeRemote(url.host)}: a tarball is fetched over https only`, {
      hint: 'write https://, or download the file and name its path',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw ociError('REFERENCE_INVALID', `${escapeRemote(url.host)}: a tarball URL must not carry credentials`, {
      hint: 'download the file with another tool and name its path',
    });
  }
  url.hash = '';
  return url;
}

/** The name a file or directory is installed under: its base name without the endings of archives and programs. */
export function nameFromPath(path: string): string {
  const name = basename(path);
  const stem = name.replace(/\.(?:tgz|tar\.gz|tar|wasm|exe)$/i, '');
  return stem === '' ? name : stem;
}
