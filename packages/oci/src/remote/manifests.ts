import type { TagHint } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { isDigest } from '../digest.ts';
import { escapeRemote } from '../escape.ts';
import { manifestType } from '../manifest.ts';
import { isManifestType } from '../media-types.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { verifyBytes } from '../verified-stream.ts';
import { contentTypeOf, MANIFEST_ACCEPT } from './content-type.ts';
import { confirmDigest } from './digest-header.ts';
import { type Document, fetchDocument } from './document.ts';
import { contentName, type Endpoint, endpointUrl, notFound, send } from './endpoint.ts';

/** A manifest whose bytes have the digest of its descriptor. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/**
 * Reads a manifest by tag or digest: one GET whose bytes are hashed. `Docker-Content-Digest` chooses the algorithm for a tag
 * and must agree; Content-Type and the `mediaType` inside must agree. Throws `REGISTRY_NOT_FOUND`,
 * `CONTENT_DIGEST_MISMATCH`, `CONTENT_TYPE_MISMATCH`, `CONTENT_INVALID`, and `REGISTRY_PROTOCOL` for a web page.
 */
export async function fetchManifest(at: Endpoint, tagOrDigest: string, op?: Op): Promise<FetchedManifest> {
  const name = contentName(at, tagOrDigest);
  const { bytes, response } = await getManifest(at, tagOrDigest, MANIFEST_ACCEPT, op);
  const digest = confirmDigest(name, bytes, response, isDigest(tagOrDigest) ? tagOrDigest : undefined);
  const mediaType = manifestType(bytes, contentTypeOf(response), name, op);
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

/**
 * Reads the manifest of a descriptor. Throws `CONTENT_SIZE_MISMATCH`, `CONTENT_DIGEST_MISMATCH` or `CONTENT_TYPE_MISMATCH`
 * when the answer is not what the descriptor says, `CONTENT_LIMIT` above `manifestBytes`.
 */
export async function fetchDescribedManifest(at: Endpoint, what: Descriptor, op?: Op): Promise<Uint8Array> {
  const name = contentName(at, what.digest);
  const most = ociLimits(op, 'manifestBytes');
  if (what.size > most) {
    throw ociError('CONTENT_LIMIT', `${name} has ${what.size} bytes, more than ${most} (manifestBytes)`, {
      details: { digest: what.digest, limit: 'manifestBytes', expected: most, found: what.size },
    });
  }
  const accept = isManifestType(what.mediaType) ? MANIFEST_ACCEPT : `${what.mediaType}, ${MANIFEST_ACCEPT}`;
  const { bytes, response } = await getManifest(at, what.digest, accept, op);
  verifyBytes(what, bytes, name);
  confirmDigest(name, bytes, response, what.digest);
  const type = contentTypeOf(response);
  if (type !== undefined && type !== what.mediaType) {
    const found = escapeRemote(type);
    throw ociError('CONTENT_TYPE_MISMATCH', `${name}: expected ${what.mediaType}, answered as ${found}`, {
      details: { digest: what.digest, expected: what.mediaType, found },
    });
  }
  return bytes;
}

async function getManifest(at: Endpoint, tagOrDigest: string, accept: string, op: Op | undefined): Promise<Document> {
  const url = endpointUrl(at, `manifests/${tagOrDigest}`);
  const call = { method: 'GET', url, actions: ['pull'], accept: [200, 404], headers: { accept } } as const;
  const document = await fetchDocument(at, call, 'manifestBytes', op);
  const { response } = document;
  if (response.status === 404) await notFound(at, tagOrDigest, response);
  if (contentTypeOf(response)?.includes('html') === true) {
    throw ociError(
      'REGISTRY_PROTOCOL',
      `${contentName(at, tagOrDigest)}: expected a manifest, answered with a web page`,
    );
  }
  return document;
}

/** One HEAD: what the registry says about a tag or digest, unchecked. Throws `REGISTRY_NOT_FOUND`. */
export async function peekManifest(at: Endpoint, tagOrDigest: string, op?: Op): Promise<TagHint> {
  const url = endpointUrl(at, `manifests/${tagOrDigest}`);
  const headers = { accept: MANIFEST_ACCEPT };
  const response = await send(at, { method: 'HEAD', url, actions: ['pull'], accept: [200, 404], headers }, op);
  if (response.status === 404) return notFound(at, tagOrDigest, response);
  await response.discard();
  const digest = response.header('docker-content-digest');
  const size = Number(response.header('content-length') ?? Number.NaN);
  const mediaType = contentTypeOf(response);
  return {
    ...(isDigest(digest) ? { digest } : {}),
    ...(Number.isSafeInteger(size) && size >= 0 ? { size } : {}),
    ...(mediaType === undefined ? {} : { mediaType }),
  };
}

/** Whether the endpoint has a manifest; one HEAD. */
export async function hasManifest(at: Endpoint, what: Descriptor, op?: Op): Promise<boolean> {
  const url = endpointUrl(at, `manifests/${what.digest}`);
  const headers = { accept: `${what.mediaType}, ${MANIFEST_ACCEPT}` };
  const response = await send(at, { method: 'HEAD', url, actions: ['pull'], accept: [200, 404], headers }, op);
  await response.discard();
  return response.status === 200;
}

/** Deletes a manifest or a tag. Throws `REGISTRY_NOT_FOUND`, and `REGISTRY_UNSUPPORTED` where deletion is switched off. */
export async function deleteManifest(at: Endpoint, tagOrDigest: string, op?: Op): Promise<void> {
  const url = endpointUrl(at, `manifests/${tagOrDigest}`);
  const accept = [200, 202, 204, 400, 404, 405, 501];
  const response = await send(at, { method: 'DELETE', url, actions: ['delete'], accept }, op);
  if (response.status === 404) await notFound(at, tagOrDigest, response);
  await response.discard();
  if (response.status >= 400) {
    const name = contentName(at, tagOrDigest);
    throw ociError('REGISTRY_UNSUPPORTED', `the registry does not delete ${name} (status ${response.status})`, {
      details: { reference: name, status: response.status },
      ...(!isDigest(tagOrDigest) && { hint: 'some registries delete by digest only: name the digest to delete' }),
    });
  }
}
