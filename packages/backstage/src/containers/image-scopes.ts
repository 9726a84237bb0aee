import { DEFAULT_TAG, formatReference, parseReference, type RegistryReference, repositoryName } from '@gantry/oci';

/**
 * An image as policies and signatures name it: without `oci://` and path, and with a tag or digest, `latest` when neither is
 * written. Throws `REFERENCE_*`; undefined for what is in no registry.
 */
export function namedImage(source: string): RegistryReference | undefined {
  const reference = parseReference(source);
  if (reference.kind !== 'registry') return undefined;
  const { path: _, ...image } = reference;
  return image.tag === undefined && image.digest === undefined ? { ...image, tag: DEFAULT_TAG } : image;
}

/**
 * The scopes of the docker transport that cover an image, the narrowest first (containers-policy.json(5)): the image, its
 * repository, each namespace above it, the host, and `*.` with each domain above that, where a port does not count.
 */
export function imageScopes(image: RegistryReference): readonly string[] {
  const { tag: _, ...byDigest } = image;
  const scopes = [formatReference(image), ...(image.digest === undefined ? [] : [formatReference(byDigest)])];
  let name = repositoryName(image);
  for (;;) {
    scopes.push(name);
    const slash = name.lastIndexOf('/');
    if (slash < 0) break;
    name = name.slice(0, slash);
  }
  const labels = image.registry.replace(/:[0-9]+$/, '').split('.');
  for (let depth = 1; depth < labels.length; depth += 1) scopes.push(`*.${labels.slice(depth).join('.')}`);
  return [...new Set(scopes)];
}
