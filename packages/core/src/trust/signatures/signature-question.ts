import type { Digest } from '@gantry/oci';
import type { LoadedTrustRoot } from '../material/trust-root.ts';
import type { SignatureRequirement } from '../requirement.ts';

/** What a signature is judged against. Everything is at hand; judging does no I/O. */
export interface SignatureQuestion {
  /** What the reference named: an index or a manifest. */
  readonly root: Digest;
  /** The chosen platform's manifest; equal to `root` when there is no index. */
  readonly manifest: Digest;
  readonly requirement: SignatureRequirement;
  readonly trustRoot: LoadedTrustRoot | undefined;
  /**
   * The bytes of `root` and `manifest`, in any order: signatures of messages are over these and not over a digest. Each is
   * used for what it hashes to. Without them such a signature is refused.
   */
  readonly manifestBytes?: readonly Uint8Array[];
  /** Milliseconds since 1970: the host's clock, for freshness and for refusing times in the future only. */
  readonly now: number;
}
