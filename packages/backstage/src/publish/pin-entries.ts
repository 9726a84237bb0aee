import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, isGantryError, type Op } from '@gantry/oci';
import type { OciPackage } from '../config/package-key.ts';
import { isGitPackage, OCI_SCHEME, REF_SCHEME } from '../config/package-key.ts';
import type { WrittenEntry } from '../config/written-entry.ts';
import type { Images } from '../images/open-images.ts';
import { settleParallel } from '../install/settle-parallel.ts';
import { namedPackage } from '../npm/named-package.ts';
import type { Tarballs } from '../npm/open-tarballs.ts';

/** What packages are pinned with. */
export interface PinTools {
  readonly images: Images;
  readonly tarballs: Tarballs;
}

/** Why an entry stays as it is. */
export type UnpinnedReason = 'pinned already' | 'disabled' | 'inherits its version' | 'local' | 'written elsewhere';

/** What an entry should say. */
export type Pin =
  | { readonly state: 'pinned'; readonly package: string; readonly digest?: Digest; readonly integrity?: string }
  | { readonly state: 'unchanged'; readonly reason: UnpinnedReason }
  | { readonly state: 'failed'; readonly error: unknown };

/** Packages that are fetched whole to be hashed. */
const PARALLEL_PACKAGES = 3;

/**
 * Finds out, for entries of dynamic-plugins.yaml, which digest each image has now and which integrity each npm package and
 * tarball. Images are resolved as an installation would, trust and registries.conf included; what fails is the answer for its
 * entry, and the others go on.
 */
export async function pinEntries(
  entries: readonly WrittenEntry[],
  tools: PinTools,
  op?: Op,
): Promise<ReadonlyMap<WrittenEntry, Pin>> {
  const pins = new Map<WrittenEntry, Pin>();
  const wanted: WrittenEntry[] = [];
  for (const entry of entries) {
    const reason = reasonToStay(entry);
    if (reason === undefined) wanted.push(entry);
    else pins.set(entry, { state: 'unchanged', reason });
  }
  const place = await mkdtemp(join(tmpdir(), 'gantry-pin-'));
  try {
    const failed = await settleParallel(
      wanted,
      PARALLEL_PACKAGES,
      async (entry) => {
        pins.set(entry, await pin(entry, place, tools, op));
      },
      op?.signal,
    );
    for (const { item, error } of failed) {
      if (!isGantryError(error)) throw error;
      pins.set(item, { state: 'failed', error });
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
  return pins;
}

function reasonToStay({ package: text, oci, enabled, fields }: WrittenEntry): UnpinnedReason | undefined {
  if (enabled === false) return 'disabled';
  if (text.startsWith(REF_SCHEME) || (oci !== undefined && oci.version === undefined)) return 'inherits its version';
  if (text.startsWith('./')) return 'local';
  if (oci !== undefined) return oci.version?.includes(':') ? 'pinned already' : undefined;
  const integrity = fields.get('integrity')?.value;
  // A package from git is refused, whatever stands beside it.
  return integrity !== undefined && integrity.type !== 'null' && !isGitPackage(text) ? 'pinned already' : undefined;
}

async function pin(entry: WrittenEntry, place: string, { images, tarballs }: PinTools, op?: Op): Promise<Pin> {
  const { package: text, oci, place: origin } = entry;
  if (oci?.image !== undefined) {
    const { plugin } = await images.admit(oci.image, op);
    const { digest } = plugin.root;
    return { state: 'pinned', package: pinnedImage(oci, digest), digest };
  }
  const directory = await mkdtemp(join(place, 'package-'));
  const found = await tarballs.obtain(namedPackage(text, origin), join(directory, 'package.tgz'), op);
  await rm(directory, { recursive: true, force: true });
  return { state: 'pinned', package: found.package, integrity: found.integrity };
}

function pinnedImage({ repository, path }: OciPackage, digest: Digest): string {
  return `${OCI_SCHEME}${repository}@${digest}${path === undefined ? '' : `!${path}`}`;
}
