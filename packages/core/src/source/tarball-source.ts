import { createReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHasher, type Descriptor, MediaType, type Op, ociError, type Transport } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import type { PackageSpec, ResolvedPlugin } from '../plugin/plugin.ts';
import { TARBALL_TYPE } from './claims.ts';
import { openIntegrity } from './integrity.ts';
import { makeManifest } from './made-manifest.ts';
import { classifyHead, HEAD_BYTES } from './magic.ts';
import { nameFromPath } from './source-text.ts';

/** A resolved plugin whose bytes lie in a temporary file until it is disposed. */
export interface TemporaryPlugin extends AsyncDisposable {
  readonly plugin: ResolvedPlugin;
}

/**
 * Downloads what a URL names, in a stream, hashed on the way and checked against the spec's integrity. `transport` must
 * be one without credentials. Throws what the transport throws, `CONTENT_INTEGRITY`, `CONTENT_LIMIT` above
 * `tarballBytes`, `CONTENT_TYPE_MISMATCH` for a web page, `CONTENT_ENCODED`.
 */
export async function resolveTarball(
  url: URL,
  spec: PackageSpec,
  transport: Transport,
  op?: Op,
): Promise<TemporaryPlugin> {
  // SAFETY A11: a query may hold a signature; it is sent, and appears nowhere else.
  const name = `${url.origin}${url.pathname}`;
  const directory = await mkdtemp(join(tmpdir(), 'gantry-download-'));
  const dispose = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const file = join(directory, 'content');
    const { head, ...layer } = await download(url, name, spec, transport, file, op);
    const plugin = tarballPlugin(name, spec, { ...layer, mediaType: mediaTypeOf(name, head) }, file, url);
    return { plugin, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

type Downloaded = Pick<Descriptor, 'digest' | 'size'> & { readonly head: Uint8Array };

async function download(
  url: URL,
  name: string,
  spec: PackageSpec,
  transport: Transport,
  file: string,
  op?: Op,
): Promise<Downloaded> {
  const limit = coreLimits(op, 'tarballBytes');
  const integrity = spec.integrity === undefined ? undefined : await openIntegrity(spec.integrity, name);
  const answer = await transport.request({ method: 'GET', url, registry: url.host, access: [], accept: [200] }, op);
  let handle: FileHandle | undefined;
  try {
    const encoding = answer.header('content-encoding') ?? 'identity';
    if (encoding !== 'identity') throw ociError('CONTENT_ENCODED', `${name}: the answer is encoded`);
    handle = await open(file, 'wx', 0o600);
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
      integrity?.update(chunk);
      await handle.writeFile(chunk);
    }
    integrity?.finish();
    return { digest: hasher.digest(), size, head: head.subarray(0, Math.min(size, head.length)) };
  } catch (error) {
    await answer.discard();
    throw error;
  } finally {
    await handle?.close();
  }
}

/** What the bytes are; the header of a web server says nothing reliable. */
function mediaTypeOf(name: string, head: Uint8Array): string {
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

function tarballPlugin(name: string, spec: PackageSpec, content: Descriptor, file: string, url: URL): ResolvedPlugin {
  const isFile = content.mediaType === MediaType.octetStream;
  const annotations = { 'org.opencontainers.image.title': lastSegment(url) };
  const layer = isFile ? { ...content, annotations } : content;
  const made = makeManifest(layer, TARBALL_TYPE, () => createReadStream(file));
  return {
    spec,
    source: name,
    scopeName: name,
    reference: `${name}#${content.digest}`,
    defaultName: nameFromPath(lastSegment(url)),
    pinned: spec.integrity !== undefined,
    local: false,
    root: made.manifest,
    manifest: made.manifest,
    platform: undefined,
    kind: spec.kind,
    artifactType: TARBALL_TYPE,
    layers: made.layers,
    config: made.config,
    annotations: {},
    entryPath: undefined,
    content: made.content,
    repository: undefined,
  };
}

/** The last part of the path as it is written, `%2F` and the like included: it becomes a title, which is checked. */
function lastSegment(url: URL): string {
  return url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
}
