import {
  type BuiltManifest,
  buildIndex,
  buildManifest,
  type Descriptor,
  EMPTY_CONFIG,
  MediaType,
  type Platform,
} from '@gantry/oci';
import type { PluginKind } from '../plugin/plugin.ts';
import { DYNAMIC_PACKAGES, pluginArtifactType, QUERYMT_TYPE } from '../source/claims.ts';

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
export function pluginConfig(kind: PluginKind): BuiltManifest {
  if (kind !== 'wasm') return EMPTY_CONFIG;
  const { bytes, descriptor } = EMPTY_CONFIG;
  return { bytes, descriptor: { ...descriptor, mediaType: MediaType.wasmConfig } };
}

/**
 * The manifest of a plugin, the same bytes for the same facts. Made so that the original systems load it: an executable is
 * the first layer as it is, Wasm has the layer type and the annotation of QueryMT, a Node package the annotation of
 * Developer Hub.
 */
export function pluginManifest(facts: PluginFacts): BuiltManifest {
  return buildManifest({
    artifactType: pluginArtifactType(facts.kind),
    config: pluginConfig(facts.kind).descriptor,
    layers: facts.layers,
    annotations: { ...systemAnnotations(facts), ...facts.annotations },
  });
}

/** The index over the manifests of several platforms, in the order of their names. */
export function pluginIndex(
  kind: PluginKind,
  manifests: readonly { readonly platform: Platform; readonly descriptor: Descriptor }[],
  annotations: Readonly<Record<string, string>>,
): BuiltManifest {
  const entries = manifests.map(({ descriptor, platform }) => ({ ...descriptor, platform }));
  entries.sort((a, b) => (JSON.stringify(a.platform) < JSON.stringify(b.platform) ? -1 : 1));
  return buildIndex({ artifactType: pluginArtifactType(kind), manifests: entries, annotations });
}

function systemAnnotations({ kind, layers, dynamicPackages }: PluginFacts): Readonly<Record<string, string>> {
  if (kind === 'wasm') return { [QUERYMT_TYPE]: 'extism' };
  if (kind === 'node' && dynamicPackages !== undefined) return { [DYNAMIC_PACKAGES]: dynamicPackages };
  if (kind === 'library' && layers[0]?.mediaType === MediaType.layerTarGzip) return { [QUERYMT_TYPE]: 'native' };
  return {};
}
