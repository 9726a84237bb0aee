import { copyGraph, formatReference, type Op, openLayout, type RegistryReference, type Repository } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { imageReference } from '../images/resolve-image.ts';
import { type MirrorPlace, mirroredReference } from './mirror-place.ts';
import { type MirroredImage, type MirroredPackage, requireMirrorRecord } from './mirror-record.ts';
import { registriesConfText } from './registries-conf-text.ts';

/** Where a mirror directory is emptied into. */
export interface MirrorTarget {
  readonly place: MirrorPlace;
  /** Opens a repository of that registry. */
  readonly openRepository: (reference: RegistryReference) => Repository;
  /** The registry is asked without TLS. */
  readonly insecure: boolean;
}

/** An image that is in the mirror now. */
export interface PushedImage extends MirroredImage {
  /** Where it is, with tag and digest. */
  readonly mirrored: string;
}

/** What is in the mirror, and what is still to be done. */
export interface MirroredRegistry {
  readonly images: readonly PushedImage[];
  /** Packages that no registry of images takes. */
  readonly packages: readonly MirroredPackage[];
  /** A registries.conf under which installers find the images. */
  readonly registriesConf: string;
}

/**
 * Pushes what `mirrorToDirectory` brought into a directory to a registry: every image with its signatures under its own
 * digest, its tag last. What the registry has already is not sent. Throws `CONFIG_MIRROR`, `INSTALL_DAMAGED`,
 * `CONTENT_*` for a damaged layout, and what the registry says.
 */
export async function mirrorToRegistry(
  directory: string,
  { place, openRepository, insecure }: MirrorTarget,
  op?: Op,
): Promise<MirroredRegistry> {
  const record = requireMirrorRecord(directory, op);
  await using layout = await openLayout(directory, {}, op);
  const planned = record.images.map((image) => plan(image, directory, place, op));
  refuseSharedNames(planned);
  const images: PushedImage[] = [];
  for (const { image, digest, target } of planned) {
    const root = await layout.resolve({ kind: 'layout', directory, digest }, op);
    await using repository = openRepository(target);
    await copyGraph(layout, repository, root, { tag: target.tag, referrers: true }, op);
    images.push({ image, digest, mirrored: formatReference({ ...target, digest }) });
  }
  const registries = planned.map(({ named }) => named.registry);
  return { images, packages: record.packages, registriesConf: registriesConfText(registries, place, insecure) };
}

/** An image, and where it goes. */
interface PlannedImage extends MirroredImage {
  readonly named: RegistryReference;
  readonly target: RegistryReference & { readonly tag: string };
}

function plan({ image, digest }: MirroredImage, directory: string, place: MirrorPlace, op?: Op): PlannedImage {
  const named = imageReference(image, op);
  if (named.digest !== undefined && named.digest !== digest) {
    throw backstageError('CONFIG_MIRROR', `${directory}: mirror.json has ${digest} for ${image}`, {
      details: { image, digest },
    });
  }
  return { image, digest, named, target: mirroredReference(place, named, digest, op) };
}

/** Names of two registries may come out as one, and what a tag means must not depend on which of them was pushed last. */
function refuseSharedNames(planned: readonly PlannedImage[]): void {
  const taken = new Map<string, PlannedImage>();
  for (const one of planned) {
    const mirrored = formatReference(one.target);
    const other = taken.get(mirrored);
    taken.set(mirrored, one);
    if (other === undefined || other.digest === one.digest) continue;
    throw backstageError('CONFIG_MIRROR', `${other.image} and ${one.image} would both be ${mirrored}`, {
      details: { image: one.image, other: other.image, mirrored },
      hint: 'mirror them below different prefixes, from configurations of their own',
    });
  }
}
