import type { Descriptor } from '../descriptor.ts';
import { digestAlgorithm } from '../digest.ts';
import type { Op } from '../op.ts';
import { confirmDigest } from './digest-header.ts';
import { contentName, type Endpoint, endpointUrl, send } from './endpoint.ts';

/** What a registry answered to a manifest. */
export interface StoredManifest {
  /** `OCI-Subject` was there: the registry itself lists the manifest as a referrer. */
  readonly listed: boolean;
}

/**
 * Writes a manifest, under a tag when one is given, and checks the digest that the registry answers with. One PUT; a tag for
 * a sha512 digest is asked for in the PUT by digest, since a PUT by tag is filed under sha256, and set by a second
 * PUT where the registry does not confirm it with `OCI-Tag`. Throws `CONTENT_DIGEST_MISMATCH` and what the transport throws.
 */
export async function uploadManifest(
  at: Endpoint,
  what: Pick<Descriptor, 'mediaType' | 'digest'>,
  bytes: Uint8Array,
  tag: string | undefined,
  op?: Op,
): Promise<StoredManifest> {
  if (tag === undefined) return put(at, what, bytes, what.digest, {}, op);
  if (digestAlgorithm(what.digest) === 'sha256') return put(at, what, bytes, tag, {}, op);
  const stored = await put(at, what, bytes, what.digest, { tag }, op);
  if (!stored.tags.includes(tag)) await put(at, what, bytes, tag, {}, op);
  return stored;
}

async function put(
  at: Endpoint,
  what: Pick<Descriptor, 'mediaType' | 'digest'>,
  bytes: Uint8Array,
  tagOrDigest: string,
  query: Readonly<Record<string, string>>,
  op: Op | undefined,
): Promise<StoredManifest & { readonly tags: readonly string[] }> {
  const response = await send(
    at,
    {
      method: 'PUT',
      url: endpointUrl(at, `manifests/${tagOrDigest}`, query),
      actions: ['pull', 'push'],
      accept: [201],
      headers: { 'content-type': what.mediaType },
      body: { length: bytes.length, content: () => [bytes] },
    },
    op,
  );
  await response.discard();
  confirmDigest(contentName(at, tagOrDigest), bytes, response, what.digest);
  const tags = (response.header('oci-tag') ?? '').split(',').map((text) => text.trim());
  return { listed: response.header('oci-subject') !== undefined, tags };
}
