import { DEFAULT_TAG, formatReference, type Op, type Reference } from '@gantry/oci';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';
import type { SignPublished } from './sign-published.ts';

/** Where something is published always has a tag; a digest is the result and cannot be asked for. */
export function taggedReference(reference: Reference): Reference & { readonly tag: string } {
  if (reference.digest !== undefined || reference.path !== undefined) {
    throw cliError('CONFIG_USAGE', `${formatReference(reference)}: a push names a tag, not a digest or a path`, {
      hint: 'leave out what follows the tag',
    });
  }
  return { ...reference, tag: reference.tag ?? DEFAULT_TAG };
}

/** Signs and tags what was published; undefined when it is not to be signed. */
export async function signingOf(
  context: Context,
  signKey: string | undefined,
  op: Op,
): Promise<SignPublished | undefined> {
  if (signKey === undefined) return undefined;
  const { openSigning } = await import('./sign-published.ts');
  return openSigning(context, signKey, op);
}
