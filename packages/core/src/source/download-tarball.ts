import { type FileHandle, open, rm } from 'node:fs/promises';
import {
  type AddressKind,
  createHasher,
  type Descriptor,
  isGantryError,
  MediaType,
  type Op,
  ociError,
  ociLimits,
  type Transport,
  type TransportResponse,
} from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import type { IntegrityCheck } from './integrity.ts';
import { classifyHead, HEAD_BYTES } from './magic.ts';

/** What to download and where to. */
export interface TarballDownload {
  readonly url: URL;
  readonly transport: Transport;
  /** The registry whose settings apply: the URL's own host, or the one whose document names the URL. */
  readonly registry: string;
  /** As of a request: how far a URL on another origin than the registry's is trusted. */
  readonly namedAt?: AddressKind;
  /** As of a request: what the caller brings, or null for nothing. Default: what the transport has. */
  readonly authorization?: string | null;
  /** Where the bytes go; must not exist. */
  readonly file: string;
  /** Starts a check of the bytes; once for each attempt. */
  readonly integrity?: (() => Promise<IntegrityCheck>) | undefined;
}

/**
 * Downloads what a URL names into a file, in a stream, hashed on the way; its media type is what its first bytes say. When
 * the connection breaks in the middle it begins again, as often as any request is repeated.
 * Throws what the transport throws, `CONTENT_INTEGRITY`, `CONTENT_LIMIT` above `tarballBytes`, `CONTENT_TYPE_MISMATCH` for
 * a web page, `CONTENT_ENCODED`.
 */
export async function downloadTarball(download: TarballDownload, op?: Op): Promise<Descriptor> {
  const { url, transport, registry, namedAt, authorization } = download;
  const request = {
    method: 'GET' as const,
    url,
    registry,
    access: [],
    accept: [200],
    ...(namedAt === undefined ? {} : { namedAt }),
    ...(authorization === undefined ? {} : { authorization }),
  };
  for (let attempt = 1; ; attempt += 1) {
    // Outside: the transport has repeated what could be repeated.
    const answer = await transport.request(request, op);
    try {
      return await receive(answer, download, op);
    } catch (error) {
      const broken = isGantryError(error) && error.code.startsWith('REGISTRY_') && error.retryable;
      if (!broken || attempt >= ociLimits(op, 'retries')) throw error;
      await rm(download.file, { force: true });
    }
  }
}

async function receive(
  answer: TransportResponse,
  { url, file, integrity }: TarballDownload,
  op?: Op,
): Promise<Descriptor> {
  // SAFETY A11: a query may hold a signature; it is sent, and appears nowhere else.
  const name = `${url.origin}${url.pathname}`;
  const limit = coreLimits(op, 'tarballBytes');
  let handle: FileHandle | undefined;
  try {
    const encoding = answer.header('content-encoding') ?? 'identity';
    if (encoding !== 'identity') throw ociError('CONTENT_ENCODED', `${name}: the answer is encoded`);
    handle = await open(file, 'wx', 0o600);
    const check = await integrity?.();
    const hasher = createHasher();
    const head = Buffer.alloc(HEAD_BYTES);
    let size = 0;
    for await (const chunk of answer.body) {
      op?.signal?.throwIfAborted();
      if (size < head.length) head.set(chunk.subarray(0, head.length - size), size);
      size += chunk.length;
      if (size > limit) {
        throw ociError('CONTENT_LIMIT', `${name}: more than ${limit} bytes`, {
          details: { limit: 'tarballBytes', expected: limit },
        });
      }
      hasher.update(chunk);
      check?.update(chunk);
      await handle.writeFile(chunk);
    }
    check?.finish();
    const mediaType = tarballMediaType(name, head.subarray(0, Math.min(size, head.length)));
    return { mediaType, digest: hasher.digest(), size };
  } catch (error) {
    await answer.discard();
    throw error;
  } finally {
    await handle?.close();
  }
}

/** What the bytes are; the header of a web server says nothing reliable. Throws `CONTENT_TYPE_MISMATCH` for a web page. */
export function tarballMediaType(name: string, head: Uint8Array): string {
  const found = classifyHead(head);
  if (found === 'gzip') return MediaType.layerTarGzip;
  if (found === 'zstd') return MediaType.layerTarZstd;
  if (found === 'html') {
    throw ociError('CONTENT_TYPE_MISMATCH', `${name}: expected a tarball or a plugin, found a web page`, {
      details: { found },
    });
  }
  const magic = new TextDecoder('latin1').decode(head.subarray(257, 262));
  return magic === 'ustar' ? MediaType.layerTar : MediaType.octetStream;
}
