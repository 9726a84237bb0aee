import { type Annotations, MediaType } from '@gantry/oci';
import { archiveCompression } from '../archive/compression.ts';
import { PLUGIN_KINDS, type PluginKind } from '../plugin/plugin.ts';

/** The artifact type that `gantry push` gives to a plugin of a kind. */
export function pluginArtifactType(kind: PluginKind): string {
  return `application/vnd.gantry.${kind}.v1`;
}

/** The artifact type of what was downloaded as a `.tgz` from a URL; it says nothing about the kind. */
export const TARBALL_TYPE = 'application/vnd.gantry.tarball.v1';

/** The annotation that Developer Hub packages carry. */
export const DYNAMIC_PACKAGES = 'io.backstage.dynamic-packages';
/** The annotation that QueryMT plugins carry: `extism` or `native`. */
export const QUERYMT_TYPE = 'mt.query.plugin.type';

/** What the documents of an artifact say about it. */
export interface Claims {
  readonly artifactType: string | undefined;
  /** Media type of the config; undefined when there is none. */
  readonly configType: string | undefined;
  readonly layerTypes: readonly string[];
  readonly annotations: Annotations;
  /** Whether an index offered it as `wasi/wasm`. */
  readonly wasmPlatform: boolean;
}

const WASM_LAYERS: ReadonlySet<string> = new Set([
  MediaType.wasmLayer,
  MediaType.wasm,
  'application/vnd.wasm.content.layer.v1+wasm',
  'application/vnd.module.wasm.content.layer.v1+wasm',
]);

const WASM_CONFIGS: ReadonlySet<string> = new Set([
  MediaType.wasmConfig,
  'application/vnd.wasm.config.v0+json',
  'application/vnd.wasm.config.v1+json',
]);

/** Whether a layer of this media type is a Wasm module and must be one. */
export function isWasmLayer(mediaType: string): boolean {
  return WASM_LAYERS.has(mediaType);
}

/** Whether a layer of this media type is an archive, unless its bytes are a raw file. Plain octets are never an archive. */
export function isArchiveLayer(mediaType: string): boolean {
  return archiveCompression(mediaType) !== undefined;
}

/**
 * The kind that the documents claim: platform, artifact and media types first, then annotations. Undefined when only the
 * bytes can tell, as for everything native. A claim is checked against the bytes before anything is live.
 */
export function claimedKind(claims: Claims): PluginKind | undefined {
  if (claims.wasmPlatform) return 'wasm';
  const declared = PLUGIN_KINDS.find((kind) => pluginArtifactType(kind) === claims.artifactType);
  if (declared !== undefined) return declared;
  if (claims.configType !== undefined && WASM_CONFIGS.has(claims.configType)) return 'wasm';
  if (claims.artifactType !== undefined && WASM_CONFIGS.has(claims.artifactType)) return 'wasm';
  if (claims.layerTypes.some(isWasmLayer)) return 'wasm';
  if (Object.hasOwn(claims.annotations, DYNAMIC_PACKAGES)) return 'node';
  return claims.annotations[QUERYMT_TYPE] === 'extism' ? 'wasm' : undefined;
}
