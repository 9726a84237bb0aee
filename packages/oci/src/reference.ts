import type { Digest } from './digest.ts';
import { ociError } from './oci-errors.ts';
import { ociLimits } from './oci-limits.ts';
import type { Op } from './op.ts';
import { referenceFault } from './reference-fault.ts';
import { checkHost, checkInnerPath, checkReferenceDigest, checkRepository, checkTag } from './reference-grammar.ts';

/** Names content: in a registry or in an OCI layout on disk. */
export type Reference = RegistryReference | LayoutReference;

/** `[oci://]host[:port]/repository[:tag][@digest][!path]`; Docker Hub short names are normalised. */
export interface RegistryReference {
  readonly kind: 'registry';
  /** Host and port as written, lower-case, Docker Hub as `docker.io`, IPv6 in brackets. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
  /** Path inside the artifact, after `!`. */
  readonly path?: string;
}

/** `oci-layout:DIR[:tag|@digest][!path]`. */
export interface LayoutReference {
  readonly kind: 'layout';
  readonly directory: string;
  readonly tag?: string;
  readonly digest?: Digest;
  /** Path inside the artifact, after `!`. */
  readonly path?: string;
}

/** The tag that a registry reference without tag and digest means. */
export const DEFAULT_TAG: string = 'latest';

const OCI_SCHEME = 'oci://';
const LAYOUT_SCHEME = 'oci-layout:';
const DOCKER_HUB = 'docker.io';

/** A half-open range of the text being parsed; offsets stay those of the whole text, so that columns are right. */
interface Rest {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What follows the name: all optional. */
interface Suffix {
  readonly tag?: string;
  readonly digest?: Digest;
  readonly path?: string;
}

/**
 * Parses a reference: the grammar of distribution/reference with Docker Hub short names normalised, an optional `oci://`,
 * `!path`, and `oci-layout:DIR[:tag|@digest]`. A tag beside a digest is kept; whoever resolves it uses the digest.
 * Takes time linear in the text. Throws `REFERENCE_INVALID` with the column (from 1) of the offending part.
 */
export function parseReference(text: string, op?: Op): Reference {
  const limit = ociLimits(op, 'referenceLength');
  if (text.length > limit) {
    throw ociError('REFERENCE_INVALID', `the reference has ${text.length} characters, more than ${limit}`, {
      details: { column: limit + 1, part: 'reference', limit: 'referenceLength' },
    });
  }
  if (text.startsWith(LAYOUT_SCHEME)) return parseLayout(text);
  const start = text.startsWith(OCI_SCHEME) ? OCI_SCHEME.length : 0;
  const scheme = text.indexOf('://', start);
  if (scheme >= 0) {
    throw referenceFault(text, start, 'scheme', 'a registry reference has no scheme but oci://');
  }
  return parseRegistry(text, start);
}

function parseRegistry(text: string, start: number): RegistryReference {
  const [unpathed, path] = takePath({ text, start, end: text.length });
  const at = text.indexOf('@', start);
  const hasDigest = at >= 0 && at < unpathed.end;
  if (hasDigest && text.slice(at, unpathed.end).includes('/')) {
    throw referenceFault(text, start, 'registry', 'a reference must not carry credentials', {
      hint: 'leave out everything before the @ and use gantry login',
    });
  }
  const nameEnd = hasDigest ? at : unpathed.end;
  const digest = hasDigest ? checkReferenceDigest(text, at + 1, unpathed.end) : undefined;
  const slash = text.lastIndexOf('/', nameEnd - 1);
  const colon = text.lastIndexOf(':', nameEnd - 1);
  // Without a slash there is no host, but the colons of a lone IPv6 address are still no tag.
  const bracket = slash < start ? text.lastIndexOf(']', nameEnd - 1) : -1;
  const hasTag = colon >= start && colon > slash && colon > bracket;
  const tag = hasTag ? checkTag(text, colon + 1, nameEnd) : undefined;
  const name = parseName({ text, start, end: hasTag ? colon : nameEnd }, tag);
  return { kind: 'registry', ...name, ...suffix({ tag, digest, path }) };
}

/** Splits host and repository as Docker does: the first component is a host when it cannot be a repository. */
function parseName(name: Rest, tag: string | undefined): { readonly registry: string; readonly repository: string } {
  const { text, start, end } = name;
  if (start === end) throw referenceFault(text, start, 'repository', 'the repository name is missing');
  const slash = text.indexOf('/', start);
  const first = slash >= 0 && slash < end ? text.slice(start, slash) : undefined;
  if (first !== undefined && (/[.:[]/.test(first) || first.toLowerCase() === 'localhost')) {
    const host = checkHost(text, start, slash);
    const registry = host === 'index.docker.io' ? DOCKER_HUB : host;
    return { registry, repository: checkRepository(text, slash + 1, end, registry === DOCKER_HUB) };
  }
  const whole = text.slice(start, end);
  if (/^[0-9a-f]{64}$/.test(whole) || (/^sha(256|512)$/.test(whole) && tag !== undefined && tag.length >= 64)) {
    throw referenceFault(text, start, 'repository', 'a digest alone does not name a repository');
  }
  return { registry: DOCKER_HUB, repository: checkRepository(text, start, end, true) };
}

function parseLayout(text: string): LayoutReference {
  const start = LAYOUT_SCHEME.length;
  const [unpathed, path] = takePath({ text, start, end: text.length });
  let end = unpathed.end;
  const at = text.lastIndexOf('@', end - 1);
  // A directory may hold an @; what follows it is a digest only when it looks like one.
  const hasDigest = at >= start && /^(?:sha[0-9]+:|[^/\\]*:[0-9a-fA-F]{32,}$)/.test(text.slice(at + 1, end));
  const digest = hasDigest ? checkReferenceDigest(text, at + 1, end) : undefined;
  if (hasDigest) end = at;
  const colon = text.lastIndexOf(':', end - 1);
  const hasTag = colon >= start && !/[/\\]/.test(text.slice(colon, end));
  const tag = hasTag ? checkTag(text, colon + 1, end) : undefined;
  const directory = text.slice(start, hasTag ? colon : end);
  if (directory === '') throw referenceFault(text, start, 'directory', 'the directory of the layout is missing');
  const nul = directory.indexOf('\0');
  if (nul >= 0) throw referenceFault(text, start + nul, 'directory', 'a directory has no NUL character');
  return { kind: 'layout', directory, ...suffix({ tag, digest, path }) };
}

/** Takes `!path` off the end. */
function takePath(rest: Rest): readonly [Rest, string | undefined] {
  const bang = rest.text.indexOf('!', rest.start);
  if (bang < 0) return [rest, undefined];
  return [{ ...rest, end: bang }, checkInnerPath(rest.text, bang + 1)];
}

function suffix(parts: {
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
  readonly path: string | undefined;
}): Suffix {
  return {
    ...(parts.tag === undefined ? {} : { tag: parts.tag }),
    ...(parts.digest === undefined ? {} : { digest: parts.digest }),
    ...(parts.path === undefined ? {} : { path: parts.path }),
  };
}

/** The name of the repository, without tag and digest: `host/repository` or `oci-layout:DIR`. */
export function repositoryName(ref: Reference): string {
  return ref.kind === 'registry' ? `${ref.registry}/${ref.repository}` : `${LAYOUT_SCHEME}${ref.directory}`;
}

/** Writes a reference, normalised, without `oci://`; `parseReference` reads it back to the same value. */
export function formatReference(ref: Reference): string {
  const tag = ref.tag === undefined ? '' : `:${ref.tag}`;
  const digest = ref.digest === undefined ? '' : `@${ref.digest}`;
  const path = ref.path === undefined ? '' : `!${ref.path}`;
  return `${repositoryName(ref)}${tag}${digest}${path}`;
}
