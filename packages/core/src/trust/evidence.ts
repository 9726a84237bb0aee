import type { Digest, Op } from '@gantry/oci';
import type { ResolvedPlugin } from '../plugin/plugin.ts';

/** Something that speaks for a plugin. Kept in the receipt, so that it can be judged again without network. */
export type Evidence = PinEvidence | ConsentEvidence;

/** The user named exactly these bytes: by a digest in the reference or by an integrity that they were checked against. */
export interface PinEvidence {
  readonly type: 'pin';
  readonly digest: Digest;
}

/** The user agreed, for this one installation, to bytes that nothing vouches for: `--allow-unsigned`. */
export interface ConsentEvidence {
  readonly type: 'consent';
  readonly digest: Digest;
}

/** What the user says about one operation, beside the policy. */
export interface Consent {
  /** `--allow-unsigned`: takes the place of a digest where no trust entry matches. It never overrides an entry. */
  readonly allowUnsigned?: boolean;
}

/**
 * Collects what speaks for a plugin, by digest only. It decides nothing: whether the evidence is enough is the judge's
 * business, and evidence that is missing is just not in the list.
 */
export async function gatherEvidence(
  plugin: ResolvedPlugin,
  consent: Consent = {},
  op?: Op,
): Promise<readonly Evidence[]> {
  op?.signal?.throwIfAborted();
  const evidence: Evidence[] = [];
  if (plugin.pinned) evidence.push({ type: 'pin', digest: plugin.root.digest });
  if (consent.allowUnsigned === true) evidence.push({ type: 'consent', digest: plugin.root.digest });
  return evidence;
}
