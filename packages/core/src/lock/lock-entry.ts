import type { Op } from '@gantry/oci';
import type { Verdict } from '../trust/verdict.ts';
import type { VerifiedPlugin } from '../trust/verified-plugin.ts';
import type { LockEntry } from './lock-file.ts';
import { lockedPlatforms } from './locked-platforms.ts';

/**
 * What a lock holds about a plugin that was accepted. `before` is what it held until now: as long as the same bytes stand
 * on the same signer and evidence it is kept, whatever was signed besides, so that the file does not change for nothing.
 */
export async function lockEntry(
  name: string,
  source: string,
  verified: VerifiedPlugin,
  before: LockEntry | undefined,
  op?: Op,
): Promise<LockEntry> {
  const { plugin, verdict } = verified;
  const { digest, size } = plugin.root;
  const same =
    before?.digest === digest && isStillThere(before, verdict) && signerOf(before, verdict) === before.signer;
  const { signer, evidence } = same ? before : { signer: lockSigner(verdict.signatures), evidence: verdict.evidence };
  const platforms = await lockedPlatforms(plugin.content, plugin.root, op);
  return { name, source, digest, size, platforms, signer, evidence };
}

/** Who vouches today by the evidence that an entry holds; by any evidence when that is not there. */
export function signerOf(entry: LockEntry, verdict: Verdict): string {
  const { signatures } = verdict;
  const held = isStillThere(entry, verdict) && entry.evidence.length > 0;
  return lockSigner(held ? signatures.filter(({ evidence }) => entry.evidence.includes(evidence)) : signatures);
}

/** Whether all evidence of an entry was found again and speaks for the plugin. */
export function isStillThere(entry: LockEntry, verdict: Verdict): boolean {
  return entry.evidence.every((digest) => verdict.evidence.includes(digest));
}

/**
 * Signers in a form that depends neither on the machine nor on the names of files: the digests of keys or the rules that
 * identities matched; `unsigned` when there is none.
 */
function lockSigner(signatures: Verdict['signatures']): string {
  const signers = new Set(signatures.map(({ signer }) => signer));
  return signers.size === 0 ? 'unsigned' : [...signers].sort().join(', ');
}
