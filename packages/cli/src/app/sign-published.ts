import { signArtifact, type WrittenSignature } from '@gantry/core';
import type { Descriptor, Op, Repository } from '@gantry/oci';
import type { Context } from '../context.ts';
import { openKeyFile } from './key-file.ts';

/** Signs what was published, and then gives it its tag: who reads the tag finds the signature too. */
export type SignPublished = (
  repository: Repository,
  root: Descriptor,
  tag: string,
) => Promise<readonly WrittenSignature[]>;

/** Opens the key first, so that nothing is published when it cannot be opened. */
export async function openSigning(context: Context, key: string, op: Op): Promise<SignPublished> {
  const signer = await openKeyFile(context, key, op);
  return async (repository, root, tag) => {
    const signatures = await signArtifact(repository, root, { signer }, op);
    await repository.tag(root, tag, op);
    return signatures;
  };
}
