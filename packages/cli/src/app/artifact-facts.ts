import { claimedKind, type PluginKind } from '@gantry/core';
import {
  type Annotations,
  type ChosenManifest,
  type ContentSource,
  chooseManifest,
  type Descriptor,
  formatPlatform,
  hostPlatform,
  type ImageIndex,
  isGantryError,
  type Manifest,
  type Op,
  type Platform,
  parseManifest,
  readAll,
} from '@gantry/oci';

/** A manifest that is not an index. */
type SingleManifest = Exclude<Manifest, ImageIndex>;

/** What the documents of an artifact say, for listings; no layer is read. */
export interface ArtifactFacts {
  readonly root: Descriptor;
  readonly artifactType: string | null;
  /** Null when only the bytes can tell. */
  readonly kind: PluginKind | null;
  /** The platform that was chosen; null when there is no index, or nothing in it suits. */
  readonly platform: string | null;
  /** Digest of the manifest that is described, the root's when there is no index; null when nothing in the index suits. */
  readonly manifest: string | null;
  /** Every platform of the index; empty when there is none. */
  readonly platforms: readonly string[];
  readonly layers: readonly LayerFacts[];
  readonly annotations: Annotations;
}

/** A layer in a listing. */
export interface LayerFacts {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  readonly title: string | null;
}

/**
 * Reads the documents below a root. Of an index the manifest for `wanted` is described; without `wanted` that of this
 * machine, and when there is none the index alone.
 */
export async function inspectArtifact(
  source: ContentSource,
  root: Descriptor,
  wanted: Platform | undefined,
  op: Op,
): Promise<ArtifactFacts> {
  const top = await readManifest(source, root, op);
  const chosen = await choose(source, root, wanted, op);
  const manifest = chosen?.manifest;
  const annotations: Record<string, string> = { ...top.annotations, ...manifest?.annotations };
  return {
    root,
    artifactType: top.artifactType ?? manifest?.artifactType ?? configType(manifest) ?? null,
    kind: manifest === undefined ? null : kindOf(top, manifest, chosen?.platform),
    platform: chosen?.platform === undefined ? null : formatPlatform(chosen.platform),
    manifest: chosen?.descriptor.digest ?? null,
    platforms: top.kind === 'index' ? platformsOf(top) : [],
    layers: manifest === undefined ? [] : manifest.layers.map(layerFacts),
    annotations,
  };
}

/** Reads the documents below a root, the layers of every platform of an index included. */
export async function describeWhole(source: ContentSource, root: Descriptor, op: Op): Promise<ArtifactFacts> {
  const top = await readManifest(source, root, op);
  if (top.kind !== 'index') return inspectArtifact(source, root, undefined, op);
  const layers: LayerFacts[] = [];
  let kind: PluginKind | null = null;
  for (const entry of top.manifests.filter((candidate) => candidate.platform?.os !== 'unknown')) {
    const manifest = await readManifest(source, entry, op);
    if (manifest.kind === 'index') continue;
    layers.push(...manifest.layers.map(layerFacts));
    kind ??= kindOf(top, manifest, entry.platform);
  }
  return {
    root,
    artifactType: top.artifactType ?? null,
    kind,
    platform: null,
    manifest: null,
    platforms: platformsOf(top),
    layers,
    annotations: top.annotations,
  };
}

/** A layer as listings show it. */
export function layerFacts({ digest, size, mediaType, annotations }: Descriptor): LayerFacts {
  return { digest, size, mediaType, title: annotations?.['org.opencontainers.image.title'] ?? null };
}

async function readManifest(source: ContentSource, what: Descriptor, op: Op): Promise<Manifest> {
  return parseManifest(await readAll(source, what, op), what, op);
}

async function choose(
  source: ContentSource,
  root: Descriptor,
  wanted: Platform | undefined,
  op: Op,
): Promise<ChosenManifest | undefined> {
  try {
    return await chooseManifest(source, root, wanted ?? hostPlatform(), {}, op);
  } catch (error) {
    if (wanted === undefined && isGantryError(error) && error.code === 'CONTENT_NO_PLATFORM') return undefined;
    throw error;
  }
}

function kindOf(top: Manifest, manifest: SingleManifest, platform: Platform | undefined): PluginKind | null {
  const kind = claimedKind({
    artifactType: manifest.artifactType ?? top.artifactType,
    configType: configType(manifest),
    layerTypes: manifest.layers.map((layer) => layer.mediaType),
    annotations: manifest.annotations,
    wasmPlatform: platform?.os === 'wasi' && platform.architecture === 'wasm',
  });
  return kind ?? null;
}

function configType(manifest: SingleManifest | undefined): string | undefined {
  return manifest?.kind === 'image' ? manifest.config.mediaType : undefined;
}

function platformsOf(index: ImageIndex): string[] {
  return index.manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === 'unknown' ? [] : [formatPlatform(platform)],
  );
}
