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
  const images: PushedImage[] = [];
  const registries: string[] = [];
  for (const { image, digest } of record.images) {
    const named = imageReference(image, op);
    if (named.digest !== undefined && named.digest !== digest) {
      throw backstageError('CONFIG_MIRROR', `${directory}: mirror.json has ${digest} for ${image}`, {
        details: { image, digest },
      });
    }
    const target = mirroredReference(place, named, digest, op);
    const root = await layout.resolve({ kind: 'layout', directory, digest }, op);
    await using repository = openRepository(target);
    await copyGraph(layout, repository, root, { tag: target.tag, referrers: true }, op);
    images.push({ image, digest, mirrored: formatReference({ ...target, digest }) });
    registries.push(named.registry);
  }
  return { images, packages: record.packages, registriesConf: registriesConfText(registries, place, insecure) };
}
