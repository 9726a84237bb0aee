import { type ContentSource, type Descriptor, MediaType, type Op } from '@gantry/oci';
import type { ArchiveProfile } from '../archive/archive-profile.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import { isArchiveLayer, pluginArtifactType, TARBALL_TYPE } from '../source/claims.ts';
import { classifyHead, type FileClass, HEAD_BYTES } from '../source/magic.ts';

/** Raw files hide under these: what tools write for a file of no known type. */
const AMBIGUOUS: ReadonlySet<string> = new Set([MediaType.layerTar, 'application/tar', 'application/x-tar']);

/** Whether a layer might be a raw file although its media type says archive. */
export function isAmbiguous(layer: Descriptor): boolean {
  return AMBIGUOUS.has(layer.mediaType);
}

/** Whether a layer holds anything. */
export function isContent(layer: Descriptor): boolean {
  return layer.mediaType !== MediaType.empty;
}

/** Whether a layer is extracted. `head` are its first bytes, needed only when it {@link isAmbiguous}. */
export function isExtracted(layer: Descriptor, head: Uint8Array | undefined): boolean {
  if (!isArchiveLayer(layer.mediaType)) return false;
  if (head === undefined) return true;
  const found: FileClass = classifyHead(head);
  return found !== 'executable' && found !== 'wasm';
}

/** The first bytes of content. They are not verified: they only choose how the verified bytes are read. */
export async function headOf(source: ContentSource, layer: Descriptor, op?: Op): Promise<Uint8Array> {
  const head = Buffer.alloc(Math.min(HEAD_BYTES, layer.size));
  let filled = 0;
  for await (const chunk of source.open(layer, op)) {
    head.set(chunk.subarray(0, head.length - filled), filled);
    filled += Math.min(chunk.length, head.length - filled);
    if (filled === head.length) break;
  }
  return head.subarray(0, filled);
}

const IMAGE_CONFIGS: ReadonlySet<string> = new Set([MediaType.imageConfig, MediaType.dockerConfig]);

const PACKAGE_TYPES: ReadonlySet<string | undefined> = new Set([TARBALL_TYPE, pluginArtifactType('node')]);

/** Which archive rules fit: images by their config, Node packages by their artifact type, everything else strictly. */
export function profileOf(plugin: ResolvedPlugin): ArchiveProfile {
  if (plugin.config !== undefined && IMAGE_CONFIGS.has(plugin.config.mediaType)) return 'image';
  return PACKAGE_TYPES.has(plugin.artifactType) ? 'package' : 'strict';
}
