import { type Digest, MediaType } from '@gantry/oci';
import { answerJson, type Exchange } from './exchange.ts';
import { type ManifestFacts, manifestFacts } from './manifest-facts.ts';
import { digestName } from './names.ts';
import { ProtocolError } from './protocol-error.ts';
import { registryLimits } from './registry-limits.ts';

/** GET of `/v2/<name>/referrers/<digest>`, sorted by digest, filtered by `artifactType`, in pages (`last`, `Link`). */
export async function referrersEndpoint(exchange: Exchange, repository: string, text: string): Promise<void> {
  const { method, query, storage } = exchange;
  if (method !== 'GET' && method !== 'HEAD') throw new ProtocolError('UNSUPPORTED', `${method} is not for referrers`);
  const subject = digestName(text);
  const artifactType = query.get('artifactType');
  const last = query.get('last') ?? '';
  const digests = (await storage.referrers(repository, subject)).filter((digest) => digest > last).sort();

  const page = new Page(registryLimits(exchange, 'servedPage'), registryLimits(exchange, 'servedPageBytes'));
  for (const digest of digests) {
    const descriptor = await describe(exchange, repository, digest);
    if (descriptor === undefined || (artifactType !== null && descriptor.artifactType !== artifactType)) continue;
    if (!page.add(descriptor)) break;
  }
  const filter = artifactType === null ? {} : { artifactType };
  const next = new URLSearchParams({ ...filter, last: page.descriptors.at(-1)?.digest ?? '' });
  answerJson(
    exchange,
    { schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: page.descriptors },
    {
      'content-type': MediaType.imageIndex,
      ...(artifactType === null ? {} : { 'oci-filters-applied': 'artifactType' }),
      ...(page.full ? { link: `</v2/${repository}/referrers/${subject}?${next}>; rel="next"` } : {}),
    },
  );
}

interface ReferrerDescriptor extends Pick<ManifestFacts, 'mediaType' | 'artifactType' | 'annotations'> {
  readonly digest: Digest;
  readonly size: number;
}

async function describe(
  exchange: Exchange,
  repository: string,
  digest: Digest,
): Promise<ReferrerDescriptor | undefined> {
  const manifest = await exchange.storage.manifest(repository, digest);
  if (manifest === undefined) return undefined;
  const { mediaType, artifactType, annotations } = manifestFacts(manifest.bytes, manifest.mediaType);
  return {
    mediaType,
    digest,
    size: manifest.bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** Descriptors of one answer, bounded in number and bytes; always at least one, so that paging makes progress. */
class Page {
  readonly descriptors: ReferrerDescriptor[] = [];
  full = false;
  #bytes = 0;
  readonly #maxCount: number;
  readonly #maxBytes: number;

  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  /** False when it does not fit any more. */
  add(descriptor: ReferrerDescriptor): boolean {
    this.#bytes += Buffer.byteLength(JSON.stringify(descriptor));
    const { length } = this.descriptors;
    this.full = length > 0 && (length >= this.#maxCount || this.#bytes > this.#maxBytes);
    if (!this.full) this.descriptors.push(descriptor);
    return !this.full;
  }
}
