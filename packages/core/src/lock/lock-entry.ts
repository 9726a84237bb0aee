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
  const signer = lockSigner(verdict);
  const same = before?.digest === digest && before.signer === signer && isStillThere(before, verdict);
  const evidence = same ? before.evidence : verdict.evidence;
  const platforms = await lockedPlatforms(plugin.content, plugin.root, op);
  return { name, source, digest, size, platforms, signer, evidence };
}

/**
 * Who vouches for a plugin, in a form that depends neither on the machine nor on the names of files: the digests of keys or
 * the rules that identities matched; `unsigned` when nobody does.
 */
export function lockSigner({ signatures }: Verdict): string {
  const signers = new Set(signatures.map(({ signer }) => signer));
  return signers.size === 0 ? 'unsigned' : [...signers].sort().join(', ');
}

/** Whether all evidence of an entry was found again and speaks for the plugin. */
export function isStillThere(entry: LockEntry, verdict: Verdict): boolean {
  return entry.evidence.every((digest) => verdict.evidence.includes(digest));
}
