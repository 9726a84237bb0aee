import type { Digest } from '@gantry/oci';
import type { AcceptedSignature } from './signatures/accepted-signature.ts';

/** The rules there are. `local` is the default for things on disk that the user named; it cannot be configured. */
export type PolicyName = 'cosign' | 'digest' | 'none' | 'local';

/** What is judged: what a plugin is called and which bytes it is. Taken from a resolved plugin or from a receipt. */
export interface Subject {
  /** The name that policy scopes match. */
  readonly scopeName: string;
  readonly reference: string;
  /** Whether it is something on disk that the user named. */
  readonly local: boolean;
  /** What the reference named: an index or a manifest. */
  readonly root: Digest;
  /** The chosen platform's manifest; equal to `root` when there is no index. */
  readonly manifest: Digest;
}

/**
 * The decision about one resolved plugin: what was asked, under which policy, and why. Plain data, kept in the receipt.
 * It proves nothing by itself; only a `VerifiedPlugin` does.
 */
export interface Verdict {
  readonly accepted: boolean;
  /** Which rule decided. */
  readonly policy: PolicyName;
  /** Where the rule stands: `default`, `--allow-unsigned`, or `FILE: trust[2]`. */
  readonly policySource: string;
  /** Digest of the effective rules, so that a changed policy is noticed. */
  readonly policyDigest: Digest;
  /** Digest of the trust material that it rests on; absent when it rests on none, as with keys alone. */
  readonly trustRootDigest?: Digest;
  readonly subject: Digest;
  /** Which of the two the evidence covers. */
  readonly covers: 'index' | 'platform';
  /** The clause that vouches for it; `unsigned` where none does. */
  readonly signer: string;
  /** The signatures that satisfy the policy. */
  readonly signatures: readonly AcceptedSignature[];
  /** Digests of the evidence documents of these signatures, sorted. */
  readonly evidence: readonly Digest[];
  /** ISO 8601: when the evidence was gathered and judged, the last time that the registry was in reach. */
  readonly judgedAt: string;
  /** ISO 8601: when the trust material ends that it rests on; absent when that has no end. */
  readonly expiresAt?: string;
  /** Whether the trust material it rests on has ended, or is not at hand any more. */
  readonly stale: boolean;
  /** One line for people: why. */
  readonly reason: string;
}
