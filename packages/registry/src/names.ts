import { type Digest, isDigest, isTag } from '@gantry/oci';
import { ProtocolError } from './protocol-error.ts';

/** The grammar of the distribution specification, "Pulling manifests". */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const REPOSITORY_LENGTH = 255;

/** The text as a repository name; `NAME_INVALID` when it is none. */
export function repositoryName(text: string): string {
  if (text.length > REPOSITORY_LENGTH || !REPOSITORY.test(text)) {
    throw new ProtocolError('NAME_INVALID', 'this is not a repository name');
  }
  return text;
}

/** The text as a digest; `DIGEST_INVALID` when it is none. */
export function digestName(text: string): Digest {
  if (!isDigest(text)) throw new ProtocolError('DIGEST_INVALID', 'this is not a sha256 or sha512 digest');
  return text;
}

/** The text as a tag; `TAG_INVALID` when it is none. */
export function tagName(text: string): string {
  if (!isTag(text)) throw new ProtocolError('TAG_INVALID', 'this is not a tag');
  return text;
}

/** What follows `/manifests/`: a digest or a tag. */
export function manifestReference(
  text: string,
): { readonly digest: Digest } | { readonly digest?: never; readonly tag: string } {
  return text.includes(':') ? { digest: digestName(text) } : { tag: tagName(text) };
}
