import { type Digest, digestAlgorithm, digestOf } from '@gantry/oci';
import { answer, type Exchange } from './exchange.ts';
import { type ManifestFacts, manifestFacts } from './manifest-facts.ts';
import { manifestReference, tagName } from './names.ts';
import { ProtocolError } from './protocol-error.ts';
import { registryLimits } from './registry-limits.ts';
import { wholeBody } from './request-body.ts';

/** GET, HEAD, PUT and DELETE of `/v2/<name>/manifests/<tag or digest>`. */
export async function manifestEndpoint(exchange: Exchange, repository: string, text: string): Promise<void> {
  const reference = manifestReference(text);
  switch (exchange.method) {
    case 'GET':
    case 'HEAD':
      return read(exchange, repository, reference.digest ?? (await tagged(exchange, repository, reference.tag)));
    case 'PUT':
      return write(exchange, repository, reference);
    case 'DELETE':
      return remove(exchange, repository, reference);
    default:
      throw new ProtocolError('UNSUPPORTED', `${exchange.method} is not for manifests`);
  }
}

type ManifestReference = ReturnType<typeof manifestReference>;

async function read(exchange: Exchange, repository: string, digest: Digest): Promise<void> {
  const manifest = await exchange.storage.manifest(repository, digest);
  if (manifest === undefined) throw manifestUnknown();
  const etag = `"${digest}"`;
  const headers = { 'content-type': manifest.mediaType, 'docker-content-digest': digest, etag };
  if (exchange.request.headers['if-none-match'] === etag) return answer(exchange, 304, headers);
  answer(exchange, 200, headers, manifest.bytes);
}

async function write(exchange: Exchange, repository: string, reference: ManifestReference): Promise<void> {
  const { request, storage, query } = exchange;
  const bytes = await wholeBody(request, registryLimits(exchange, 'servedManifestBytes'));
  const facts = manifestFacts(bytes, request.headers['content-type']);
  await requireContent(exchange, repository, facts);

  const digest = digestOf(bytes, reference.digest === undefined ? 'sha256' : digestAlgorithm(reference.digest));
  if (reference.digest !== undefined && reference.digest !== digest) {
    throw new ProtocolError('DIGEST_INVALID', 'the manifest does not have this digest');
  }
  // A PUT by digest may set tags as well, so that a tag can point at a sha512 digest.
  const tags = reference.digest === undefined ? [reference.tag] : query.getAll('tag').map(tagName);
  const { mediaType, subject } = facts;
  await storage.putManifest(repository, { digest, mediaType, bytes, ...(subject === undefined ? {} : { subject }) });
  for (const tag of tags) await storage.putTag(repository, tag, digest);
  answer(exchange, 201, {
    location: `/v2/${repository}/manifests/${digest}`,
    'docker-content-digest': digest,
    ...(reference.digest === undefined || tags.length === 0 ? {} : { 'oci-tag': tags }),
    ...(subject === undefined ? {} : { 'oci-subject': subject }),
  });
}

async function requireContent(exchange: Exchange, repository: string, facts: ManifestFacts): Promise<void> {
  const { storage } = exchange;
  const missing = (digest: Digest): ProtocolError =>
    new ProtocolError('MANIFEST_BLOB_UNKNOWN', `the repository does not have ${digest}`);
  for (const digest of new Set(facts.blobs)) {
    if ((await storage.blob(repository, digest)) === undefined) throw missing(digest);
  }
  for (const digest of new Set(facts.manifests)) {
    if ((await storage.manifest(repository, digest)) === undefined) throw missing(digest);
  }
}

async function remove(exchange: Exchange, repository: string, reference: ManifestReference): Promise<void> {
  const { storage } = exchange;
  const deleted =
    reference.digest === undefined
      ? await storage.deleteTag(repository, reference.tag)
      : await storage.deleteManifest(repository, reference.digest);
  if (!deleted) throw manifestUnknown();
  answer(exchange, 202, {});
}

async function tagged(exchange: Exchange, repository: string, tag: string): Promise<Digest> {
  const digest = await exchange.storage.tag(repository, tag);
  if (digest === undefined) throw manifestUnknown();
  return digest;
}

function manifestUnknown(): ProtocolError {
  return new ProtocolError('MANIFEST_UNKNOWN', 'the repository does not have this manifest');
}
