import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Descriptor, MediaType, type Op, type Transport } from '@gantry/oci';
import type { PackageSpec, ResolvedPlugin } from '../plugin/plugin.ts';
import { TARBALL_TYPE } from './claims.ts';
import { downloadTarball } from './download-tarball.ts';
import { openIntegrity } from './integrity.ts';
import { makeManifest } from './made-manifest.ts';
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
    const written = spec.integrity;
    // What is no integrity is told before anything is asked.
    if (written !== undefined) await openIntegrity(written, name);
    const integrity = written === undefined ? undefined : () => openIntegrity(written, name);
    const layer = await downloadTarball({ url, transport, registry: url.host, file, integrity }, op);
    const plugin = tarballPlugin(name, spec, layer, file, url);
    return { plugin, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
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
