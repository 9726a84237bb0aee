import type { GantryError } from '@gantry/oci';
import type { LoadedTrustRoot } from './material/trust-root.ts';
import type { AcceptedSignature, RejectedSignature } from './signatures/accepted-signature.ts';
import type { PolicyName } from './verdict.ts';

/** What one rule says. */
export interface Answer {
  readonly policy: PolicyName;
  /** Where the rule stands. */
  readonly source: string;
  /** One line for people: why. */
  readonly reason: string;
  /** What to throw; undefined when the rule accepts. */
  readonly refusal: GantryError | undefined;
  readonly signatures: readonly AcceptedSignature[];
  readonly rejected: readonly RejectedSignature[];
  /** The trust material that was used. */
  readonly trustRoot: LoadedTrustRoot | undefined;
}

/** An answer in which signatures have no part. */
export function plainAnswer(policy: PolicyName, source: string, reason: string, refusal?: GantryError): Answer {
  return { policy, source, reason, refusal, signatures: [], rejected: [], trustRoot: undefined };
}
