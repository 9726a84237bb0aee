import { formatPlatform } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import type { VerifiedPlugin } from '../trust/verified-plugin.ts';
import { isStillThere, lockSigner } from './lock-entry.ts';
import type { LockEntry } from './lock-file.ts';

/**
 * Refuses what is not what the lock holds, before it is judged: other bytes (`CONTENT_INTEGRITY`: of a file or a tarball,
 * which have no address but their name), and a lock whose size or platform contradicts the document that its own digest
 * names (`CONFIG_LOCK_INVALID`).
 */
export function checkLockedContent(file: string, entry: LockEntry, plugin: ResolvedPlugin): void {
  const { name } = entry;
  if (plugin.root.digest !== entry.digest) {
    throw coreError(
      'CONTENT_INTEGRITY',
      `${name} (${plugin.source}): locked as ${entry.digest}, found ${plugin.root.digest}`,
      {
        details: { name, expected: entry.digest, found: plugin.root.digest },
        hint: `it was changed since ${file} was written; gantry update ${name} locks it anew`,
      },
    );
  }
  const contradiction = (expected: string): Error =>
    coreError('CONFIG_LOCK_INVALID', `${file}: ${name} (${entry.digest}): expected ${expected}`, {
      details: { file, name, digest: entry.digest },
    });
  if (plugin.root.size !== entry.size) throw contradiction(`size ${plugin.root.size}, found ${entry.size}`);
  if (plugin.manifest.digest === plugin.root.digest) return;
  const platform = plugin.platform === undefined ? null : formatPlatform(plugin.platform);
  const { digest, size } = plugin.manifest;
  if (entry.platforms.some((item) => item.platform === platform && item.digest === digest && item.size === size))
    return;
  throw contradiction(`${platform ?? 'an entry without platform'} to be ${digest}`);
}

/** Refuses what is vouched for in another way than the lock holds: `POLICY_LOCK`. */
export function checkLockedTrust(file: string, entry: LockEntry, { plugin, verdict }: VerifiedPlugin): void {
  const { reference } = plugin;
  const signer = lockSigner(verdict);
  if (signer !== entry.signer) {
    throw coreError('POLICY_LOCK', `${reference}: the signer is ${signer}, ${file} has ${entry.signer}`, {
      details: { reference, expected: entry.signer, found: signer },
    });
  }
  if (isStillThere(entry, verdict)) return;
  throw coreError('POLICY_LOCK', `${reference}: evidence that ${file} holds is no longer there`, {
    details: { reference, expected: entry.evidence, found: verdict.evidence },
  });
}
