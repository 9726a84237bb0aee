import type { ResolvedPlugin } from '@gantry/core';
import { escapeRemote, type RegistryReference } from '@gantry/oci';

/** An image that a requirement is held against. */
export interface PolicyImage {
  readonly plugin: ResolvedPlugin;
  /** The name that it was asked for under, with its tag or digest. */
  readonly name: RegistryReference;
  /** For messages: `host/repository:tag@digest`. */
  readonly shown: string;
  /** The policy. */
  readonly file: string;
  /** The scope in it that answers, for messages. */
  readonly scope: string;
  /** Both of them, for messages. */
  readonly where: string;
  /** The names that it may have been fetched under, and its own as the last. */
  readonly places: readonly RegistryReference[];
}

/** Why signatures do not count, in one line for a message. */
export function reasonsText(reasons: readonly string[]): string {
  return escapeRemote([...new Set(reasons)].join('; '), 1000);
}
