import type { Digest } from '@gantry/oci';

/**
 * The decision about one resolved plugin: what was asked, under which policy, and why. Plain data, kept in the receipt.
 * It proves nothing by itself; only a `VerifiedPlugin` does.
 */
export interface Verdict {
  readonly accepted: boolean;
  /** Which rule decided: `digest`, `none`, `local`; later the cosign clause. */
  readonly policy: 'digest' | 'none' | 'local' | 'cosign';
  /** Where the rule stands: `default`, `--allow-unsigned`, or `FILE: trust[2]`. */
  readonly policySource: string;
  /** Digest of the effective policy entry, so that a changed policy is noticed. */
  readonly policyDigest: Digest;
  readonly subject: Digest;
  /** `index` or `platform`: which of the two the evidence covers. */
  readonly covers: 'index' | 'platform';
  /** The clause that vouches for it; `unsigned` where none does. */
  readonly signer: string;
  /** One line for people: why. */
  readonly reason: string;
}
