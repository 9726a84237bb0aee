import type { ResolvedPlugin } from '@gantry/core';
import { escapeRemote, type GantryError, type RegistryReference } from '@gantry/oci';
import { type BackstageErrorCode, backstageError } from '../backstage-errors.ts';

/** An image that a requirement is held against. */
export interface PolicyImage {
  readonly plugin: ResolvedPlugin;
  /** The name that it was asked for under, with its tag or digest. */
  readonly name: RegistryReference;
  /** For messages: `host/repository:tag@digest`. */
  readonly shown: string;
  /** Where the policy says so, for messages: file and scope. */
  readonly where: string;
  /** The names that it may have been fetched under, and its own as the last. */
  readonly places: readonly RegistryReference[];
}

/** Why signatures do not count, in one line for a message. */
export function reasonsText(reasons: readonly string[]): string {
  return escapeRemote([...new Set(reasons)].join('; '), 1000);
}

/** `POLICY_UNENFORCED` about one image: what is not enforced is refused. */
export function unenforced(
  { shown, where }: Pick<PolicyImage, 'shown' | 'where'>,
  why: string,
  more: { readonly cause?: unknown; readonly hint?: string } = {},
): GantryError<BackstageErrorCode> {
  return backstageError('POLICY_UNENFORCED', `${shown}: ${where} cannot be enforced: ${why}`, {
    details: { reference: shown, policySource: where },
    ...more,
  });
}
