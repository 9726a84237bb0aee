import type { Descriptor } from '../descriptor.ts';
import { type Digest, digestAlgorithm, digestHex, digestOf } from '../digest.ts';
import type { JsonObject } from '../json.ts';
import { MediaType } from '../media-types.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { countAttempts } from './attempts.ts';
import { MANIFEST_ACCEPT } from './content-type.ts';
import { confirmDigest } from './digest-header.ts';
import { fetchDocument } from './document.ts';
import { contentName, type Endpoint, endpointUrl } from './endpoint.ts';
import { uploadManifest } from './manifest-upload.ts';
import { type ReferrersDocument, readReferrersDocument } from './referrers-list.ts';
import { registryKnowledge } from './registry-knowledge.ts';

/** The tag that lists referrers where there is no API (distribution-spec, "Referrers Tag Schema"). */
export function fallbackTag(subject: Digest): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject).slice(0, 64)}`;
}

/** What is under a fallback tag: nothing, an index, or something that is not ours to touch. */
export type FallbackContent = ReferrersDocument | 'absent' | 'foreign';

/**
 * Reads a fallback tag. An index there that is the subject itself, as some registries answer, is no list: its children are
 * not referrers. Throws what a manifest read throws, apart from not found.
 */
export async function readFallback(at: Endpoint, subject: Digest, op?: Op): Promise<FallbackContent> {
  const tag = fallbackTag(subject);
  const headers = { accept: MANIFEST_ACCEPT };
  const url = endpointUrl(at, `manifests/${tag}`);
  const call = { method: 'GET', url, actions: ['pull'], accept: [200, 404], headers } as const;
  const { response, bytes } = await fetchDocument(at, call, 'manifestBytes', op);
  if (response.status === 404) return 'absent';
  const name = contentName(at, tag);
  confirmDigest(name, bytes, response);
  if (digestOf(bytes, digestAlgorithm(subject)) === subject) return 'foreign';
  return readReferrersDocument(name, bytes, op) ?? 'foreign';
}

/** A change of the list: the entry to add, or the digest to take out. */
export type FallbackChange = { readonly add: Descriptor } | { readonly remove: Digest };

/**
 * Changes the list under a fallback tag: read, merge, write, read back, and again when another writer was faster. The protocol
 * has no conditional write, so a writer between our read and our write loses its entry unless it reads back as we do; when
 * what is read back is not what was written a warning says so. An entry of somebody else is never altered.
 * Throws `REGISTRY_CONFLICT` for a tag that holds something else than an index, and after `fallbackWriteAttempts`.
 */
export function changeFallback(at: Endpoint, subject: Digest, change: FallbackChange, op?: Op): Promise<void> {
  return registryKnowledge(at.transport).alone(at, fallbackTag(subject), () =>
    writeUntilThere(at, subject, change, op),
  );
}

async function writeUntilThere(
  at: Endpoint,
  subject: Digest,
  change: FallbackChange,
  op: Op | undefined,
): Promise<void> {
  const tag = fallbackTag(subject);
  const name = contentName(at, tag);
  const most = ociLimits(op, 'fallbackWriteAttempts');
  const attempts = countAttempts(at.transport.environment, op, most);
  let current = await readFallback(at, subject, op);
  for (;;) {
    if (current === 'foreign') {
      throw ociError('REGISTRY_CONFLICT', `${name} holds something else than a list of referrers and is left alone`, {
        details: { reference: name },
        retryable: false,
        hint: 'move what is under that tag away; it is reserved for the referrers of this digest',
      });
    }
    const next = merged(current, change);
    if (next === undefined) return;
    const bytes = listBytes(name, next, op);
    await uploadManifest(at, { mediaType: MediaType.imageIndex, digest: digestOf(bytes) }, bytes, tag, op);
    current = await readFallback(at, subject, op);
    if (isIndex(current) && merged(current, change) === undefined) {
      if (JSON.stringify(current.root) !== bytes.toString()) reportRace(name, op);
      return;
    }
    const conflict = ociError('REGISTRY_CONFLICT', `${name}: another writer replaced the list of referrers`, {
      details: { reference: name },
    });
    await attempts.failed(conflict, endpointUrl(at, `manifests/${tag}`));
  }
}

/** The list as it is written: never one that nobody could read afterwards. */
function listBytes(name: string, list: JsonObject, op: Op | undefined): Buffer {
  const bytes = Buffer.from(JSON.stringify(list));
  const most = ociLimits(op, 'manifestBytes');
  if (bytes.length <= most) return bytes;
  throw ociError('CONTENT_LIMIT', `${name} would have ${bytes.length} bytes, more than ${most} (manifestBytes)`, {
    details: { limit: 'manifestBytes', expected: most, found: bytes.length },
  });
}

function isIndex(content: FallbackContent): content is ReferrersDocument {
  return typeof content === 'object';
}

/** The document with the change made; undefined when it is there already. */
function merged(current: ReferrersDocument | 'absent' | 'foreign', change: FallbackChange): JsonObject | undefined {
  const entries = isIndex(current) ? current.entries : [];
  const root = isIndex(current) ? current.root : {};
  const digest = 'add' in change ? change.add.digest : change.remove;
  const there = entries.some((entry) => entry['digest'] === digest);
  if (there === 'add' in change) return undefined;
  const manifests =
    'add' in change ? [...entries, entryOf(change.add)] : entries.filter((entry) => entry['digest'] !== digest);
  return { ...root, schemaVersion: 2, mediaType: MediaType.imageIndex, manifests };
}

function entryOf({ mediaType, digest, size, artifactType, annotations }: Descriptor): JsonObject {
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
  };
}

function reportRace(name: string, op: Op | undefined): void {
  const message = 'another writer changed the list of referrers at the same time; check that all entries are there';
  op?.onEvent?.({ type: 'warning', from: name, message });
}
