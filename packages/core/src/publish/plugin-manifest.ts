import { type Annotations, type Descriptor, descriptorOf, MediaType, type Platform } from '@gantry/oci';
import { DYNAMIC_PACKAGES, pluginArtifactType, QUERYMT_TYPE } from '../source/claims.ts';
import type { PluginKind } from '../source/plugin.ts';

/** A document ready to be pushed. */
export interface BuiltDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** What the manifest of one plugin says. */
export interface PluginFacts {
  readonly kind: PluginKind;
  /** With the title in their annotations. */
  readonly layers: readonly Descriptor[];
  /** What the user wants in it; it replaces what Gantry would write. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Value of the annotation that Developer Hub reads, for Node packages. */
  readonly dynamicPackages?: string;
}

/** The config of everything Gantry publishes: the two bytes `{}`. Its media type says what a Wasm host looks for. */
export function pluginConfig(kind: PluginKind): BuiltDocument {
  const bytes = new TextEncoder().encode('{}');
  return { bytes, descriptor: descriptorOf(bytes, kind === 'wasm' ? MediaType.wasmConfig : MediaType.empty) };
}

/**
 * The manifest of a plugin, the same bytes for the same facts: no times, sorted annotations. Made so that the original
 * systems load it: an executable is the first layer as it is, Wasm has the layer type and the annotation of QueryMT, a
 * Node package the annotation of Developer Hub.
 */
export function pluginManifest(facts: PluginFacts): BuiltDocument {
  const annotations = sorted({ ...systemAnnotations(facts), ...facts.annotations });
  return document(MediaType.imageManifest, {
    schemaVersion: 2,
    mediaType: MediaType.imageManifest,
    artifactType: pluginArtifactType(facts.kind),
    config: plain(pluginConfig(facts.kind).descriptor),
    layers: facts.layers.map(plain),
    ...(annotations !== undefined && { annotations }),
  });
}

/** The index over the manifests of several platforms, in the order of their names. */
export function pluginIndex(
  kind: PluginKind,
  manifests: readonly { readonly platform: Platform; readonly descriptor: Descriptor }[],
  annotations: Readonly<Record<string, string>>,
): BuiltDocument {
  const entries = manifests.map(({ descriptor, platform }) => ({ ...plain(descriptor), platform }));
  entries.sort((a, b) => compareText(JSON.stringify(a.platform), JSON.stringify(b.platform)));
  const kept = sorted(annotations);
  return document(MediaType.imageIndex, {
    schemaVersion: 2,
    mediaType: MediaType.imageIndex,
    artifactType: pluginArtifactType(kind),
    manifests: entries,
    ...(kept !== undefined && { annotations: kept }),
  });
}

function systemAnnotations({ kind, layers, dynamicPackages }: PluginFacts): Readonly<Record<string, string>> {
  if (kind === 'wasm') return { [QUERYMT_TYPE]: 'extism' };
  if (kind === 'node' && dynamicPackages !== undefined) return { [DYNAMIC_PACKAGES]: dynamicPackages };
  if (kind === 'library' && layers[0]?.mediaType === MediaType.layerTarGzip) return { [QUERYMT_TYPE]: 'native' };
  return {};
}

/** A descriptor as it stands in a document. */
function plain({ mediaType, digest, size, annotations }: Descriptor): Omit<Descriptor, 'platform'> {
  return { mediaType, digest, size, ...(annotations !== undefined && { annotations }) };
}

function sorted(annotations: Readonly<Record<string, string>>): Annotations | undefined {
  const entries = Object.entries(annotations).sort(([a], [b]) => compareText(a, b));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function document(mediaType: string, content: object): BuiltDocument {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  return { bytes, descriptor: descriptorOf(bytes, mediaType) };
}
