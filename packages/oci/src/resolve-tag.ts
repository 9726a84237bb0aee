import type { Repository } from './content.ts';
import type { Descriptor } from './descriptor.ts';
import { type Digest, digestAlgorithm, digestHex } from './digest.ts';
import { isGantryError } from './errors.ts';
import type { Op } from './op.ts';
import { parseReference, type Reference } from './reference.ts';

/**
 * What a tag of a repository points at; undefined when there is no such tag. Every other failure is thrown: a repository
 * that cannot be asked has not said that there is nothing.
 */
export async function resolveTag(repository: Repository, tag: string, op?: Op): Promise<Descriptor | undefined> {
  try {
    return await repository.resolve(tagReference(repository, tag), op);
  } catch (error) {
    if (isGantryError(error) && /^(?:REGISTRY|CONTENT)_NOT_FOUND$/.test(error.code)) return undefined;
    throw error;
  }
}

/** A tag of a repository as a reference. */
export function tagReference({ name }: Pick<Repository, 'name'>, tag: string): Reference {
  const registry = !name.startsWith('oci-layout:') && name.includes('/');
  return registry ? parseReference(`${name}:${tag}`) : { kind: 'layout', directory: '.', tag };
}

/** What cosign keeps under tags that are made from the digest of what they are about. */
export type CompanionSuffix = 'sig' | 'att' | 'sbom';

/** The tag of something that belongs to a manifest: `sha256-<hex>.sig` for its signatures. */
export function companionTag(subject: Digest, suffix: CompanionSuffix): string {
  return `${digestAlgorithm(subject)}-${digestHex(subject)}.${suffix}`;
}
