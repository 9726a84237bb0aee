import {
  DEFAULT_TAG,
  type Digest,
  digestHex,
  type Op,
  ociError,
  parseReference,
  type RegistryReference,
} from '@gantry/oci';

/** A registry, or a part of one, that images are mirrored into. */
export interface MirrorPlace {
  /** `host[:port]`. */
  readonly registry: string;
  /** Repository path that all of it is below; empty for the whole registry. */
  readonly prefix: string;
}

/** Reads `host[:port][/prefix]`. Throws `REFERENCE_INVALID`. */
export function mirrorPlace(text: string, op?: Op): MirrorPlace {
  const plain = text.replace(/\/$/, '');
  const host = plain.split('/', 1)[0] ?? '';
  // Without a dot, port or localhost it would be read as the name of a Docker Hub user.
  if (/[.:]|^localhost$/i.test(host)) {
    const place = parseReference(`${plain}/x`, op);
    if (place.kind === 'registry' && place.tag === undefined && place.digest === undefined) {
      return { registry: place.registry, prefix: place.repository.slice(0, -'/x'.length) };
    }
  }
  throw ociError('REFERENCE_INVALID', `the registry to mirror to is not written host[:port][/prefix]: ${text}`);
}

/** The location that stands for a whole registry in a mirror: its host is the first part of the path below the prefix. */
export function mirrorLocation({ registry, prefix }: MirrorPlace, of: string): string {
  const segment = of.replaceAll(/[^a-z0-9.]+/g, '-').replaceAll(/^[-.]+|[-.]+$/g, '');
  return [registry, prefix, segment].filter((part) => part !== '').join('/');
}

/**
 * Where an image goes in a mirror. Its tag stays; what is named by digest alone gets one made from that, because many
 * registries throw away what has no tag.
 */
export function mirroredReference(
  place: MirrorPlace,
  image: RegistryReference,
  digest: Digest,
  op?: Op,
): RegistryReference & { readonly tag: string } {
  const name = parseReference(`${mirrorLocation(place, image.registry)}/${image.repository}`, op);
  if (name.kind !== 'registry') throw new TypeError(`${place.registry} is no registry`);
  const untagged = image.digest === undefined ? DEFAULT_TAG : `mirror-${digestHex(digest).slice(0, 12)}`;
  return { ...name, tag: image.tag ?? untagged };
}
