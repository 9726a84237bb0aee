import type { Descriptor } from './descriptor.ts';
import type { ImageIndex } from './manifest.ts';
import { isIndexType, isManifestType } from './media-types.ts';
import { type Platform, WASM_PLATFORM } from './platform.ts';
import { compareSuitability, platformSuits } from './platform-match.ts';

/** How a platform is chosen. */
export interface PlatformOptions {
  /**
   * Which of a native build and a `wasi/wasm` one is taken: `native` takes Wasm only when nothing native suits (the
   * default), `wasm` the reverse, `only-native` never takes Wasm for another platform.
   */
  readonly prefer?: 'native' | 'wasm' | 'only-native';
}

/**
 * The entry of an index for a platform, or undefined: the exact platform, else the best compatible one, else `wasi/wasm`.
 * Attestations (`unknown/unknown`) and nested indexes are not entries. The order of the index has no influence: of two
 * entries that suit equally well the one with the smaller digest is taken.
 */
export function choosePlatform(
  index: Pick<ImageIndex, 'manifests'>,
  wanted: Platform,
  options: PlatformOptions = {},
): Descriptor | undefined {
  for (const platform of platformOrder(wanted, options)) {
    const found = bestEntry(index.manifests, platform);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The platforms to look for, one after the other. */
export function platformOrder(wanted: Platform, options: PlatformOptions): readonly Platform[] {
  if (options.prefer === 'only-native') return [wanted];
  return options.prefer === 'wasm' ? [WASM_PLATFORM, wanted] : [wanted, WASM_PLATFORM];
}

/** The entry that suits one platform best. */
export function bestEntry(entries: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const candidates = entries.filter(isManifestEntry).flatMap((descriptor) => {
    const suitability = descriptor.platform === undefined ? undefined : platformSuits(descriptor.platform, wanted);
    return suitability === undefined ? [] : [{ descriptor, suitability }];
  });
  candidates.sort(
    (a, b) => compareSuitability(a.suitability, b.suitability) || (a.descriptor.digest < b.descriptor.digest ? -1 : 1),
  );
  return candidates[0]?.descriptor;
}

/** Whether an entry is a manifest that could be chosen: no nested index, no attestation, nothing unknown. */
export function isManifestEntry(descriptor: Descriptor): boolean {
  return isManifestType(descriptor.mediaType) && !isIndexType(descriptor.mediaType) && !isAttestation(descriptor);
}

/** BuildKit stores provenance beside images, under a platform that no machine has. */
function isAttestation(descriptor: Descriptor): boolean {
  return (
    (descriptor.platform?.os === 'unknown' && descriptor.platform.architecture === 'unknown') ||
    descriptor.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest'
  );
}
