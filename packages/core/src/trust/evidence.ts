import type { Digest, Op } from '@gantry/oci';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import type { SignatureFormat } from './signatures/signature-document.ts';

/** Something that speaks for a plugin. Kept in the receipt, so that it can be judged again without network. */
export type Evidence = PinEvidence | ConsentEvidence | SignatureEvidence | ManifestEvidence;

/** The user named exactly these bytes: by a digest in the reference, by an integrity, or by an entry in gantry.lock. */
export interface PinEvidence {
  readonly type: 'pin';
  readonly digest: Digest;
  /** By gantry.lock; absent: by the reference or an integrity. */
  readonly by?: 'lock';
}

/** The user agreed, for this one installation, to bytes that nothing vouches for: `--allow-unsigned`. */
export interface ConsentEvidence {
  readonly type: 'consent';
  readonly digest: Digest;
}

/** A signature. Its document is kept in a file of its own, below the plugin root. */
export interface SignatureEvidence {
  readonly type: 'signature';
  readonly format: SignatureFormat;
  /** The manifest or index at which it was found. */
  readonly subject: Digest;
  /** Digest of the evidence document. */
  readonly digest: Digest;
  /** Bytes of the file that keeps it. */
  readonly size: number;
}

/** An index or manifest that was signed: some signatures are over its bytes, which are kept as signatures are. */
export interface ManifestEvidence {
  readonly type: 'manifest';
  readonly digest: Digest;
  readonly size: number;
}

/** What the user says about one operation, beside the policy. */
export interface Consent {
  /** `--allow-unsigned`: takes the place of a digest where no trust entry matches. It never overrides an entry. */
  readonly allowUnsigned?: boolean;
}

/**
 * What the user has said about a plugin, by digest only. It decides nothing: whether the evidence is enough is the judge's
 * business, and evidence that is missing is just not in the list.
 */
export async function gatherEvidence(
  plugin: ResolvedPlugin,
  consent: Consent = {},
  op?: Op,
): Promise<readonly Evidence[]> {
  op?.signal?.throwIfAborted();
  const evidence: Evidence[] = [];
  const { digest } = plugin.root;
  if (plugin.pinned) evidence.push({ type: 'pin', digest });
  else if (plugin.spec.lockedDigest === digest) evidence.push({ type: 'pin', digest, by: 'lock' });
  if (consent.allowUnsigned === true) evidence.push({ type: 'consent', digest });
  return evidence;
}
