import type { Repository } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { contentsOf, type Manifest, parseManifest } from '../manifest.ts';
import type { Op } from '../op.ts';
import type { CompanionSuffix } from '../resolve-tag.ts';
import { readAll } from '../verified-stream.ts';

/** Every kind of tag that is copied with its subject. */
export const COMPANIONS: readonly CompanionSuffix[] = ['sig', 'att', 'sbom'];

/**
 * Whether replacing `there` by a manifest would lose something: a layer that it does not have. One payload may be signed
 * several times, so a layer is its digest together with its annotations.
 */
export async function holdsMore(
  repository: Repository,
  there: Descriptor,
  replacement: Manifest,
  op?: Op,
): Promise<boolean> {
  const manifest = parseManifest(await readAll(repository, there, op), there, op);
  const replacing = new Set(contentsOf(replacement).map(identity));
  const { digest } = manifest.kind === 'image' ? manifest.config : { digest: undefined };
  return contentsOf(manifest).some((layer) => layer.digest !== digest && !replacing.has(identity(layer)));
}

function identity({ digest, annotations }: Descriptor): string {
  const sorted = Object.entries(annotations ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([digest, sorted]);
}
