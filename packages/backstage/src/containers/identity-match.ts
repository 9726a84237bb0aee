import { formatReference, isGantryError, parseReference, type RegistryReference, repositoryName } from '@gantry/oci';

/** `signedIdentity`: which name in a signature is good enough for an image (containers-policy.json(5)). */
export type IdentityMatch =
  | { readonly type: 'matchExact' | 'matchRepoDigestOrExact' | 'matchRepository' }
  | { readonly type: 'exactReference' | 'exactRepository'; readonly reference: RegistryReference }
  | { readonly type: 'remapIdentity'; readonly prefix: string; readonly signedPrefix: string };

/** Whether a signature that names `signed` speaks for an image. The image has a tag or digest; digests are compared elsewhere. */
export function identityMatches(rule: IdentityMatch, image: RegistryReference, signed: string): boolean {
  const claimed = dockerReference(signed);
  if (claimed === undefined) return false;
  switch (rule.type) {
    case 'matchExact':
      return !isNameOnly(claimed) && formatReference(claimed) === formatReference(image);
    case 'matchRepoDigestOrExact':
      return repoDigestOrExact(image, claimed);
    case 'matchRepository':
      return repositoryName(claimed) === repositoryName(image);
    case 'exactReference':
      return !isNameOnly(claimed) && formatReference(claimed) === formatReference(rule.reference);
    case 'exactRepository':
      return repositoryName(claimed) === repositoryName(rule.reference);
    case 'remapIdentity': {
      const remapped = remap(image, rule.prefix, rule.signedPrefix);
      return remapped !== undefined && repoDigestOrExact(remapped, claimed);
    }
  }
}

/** A docker reference, normalised; undefined for anything else. */
export function dockerReference(text: string): RegistryReference | undefined {
  if (/^[a-z-]+:\/\/|!/.test(text)) return undefined;
  try {
    const reference = parseReference(text);
    return reference.kind === 'registry' ? reference : undefined;
  } catch (error) {
    if (isGantryError(error)) return undefined;
    throw error;
  }
}

/** Whether a reference has neither tag nor digest. */
export function isNameOnly({ tag, digest }: RegistryReference): boolean {
  return tag === undefined && digest === undefined;
}

function repoDigestOrExact(image: RegistryReference, claimed: RegistryReference): boolean {
  if (isNameOnly(claimed)) return false;
  if (image.tag === undefined) return repositoryName(claimed) === repositoryName(image);
  return formatReference(claimed) === formatReference(image);
}

function remap(image: RegistryReference, prefix: string, signedPrefix: string): RegistryReference | undefined {
  const name = repositoryName(image);
  if (name !== prefix && !name.startsWith(`${prefix}/`)) return image;
  return dockerReference(signedPrefix + formatReference(image).slice(prefix.length));
}
