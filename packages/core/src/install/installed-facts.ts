import { join } from 'node:path';
import type { GantryError } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { Verdict } from '../trust/verdict.ts';
import type { InstalledFacts } from './installed.ts';
import type { Receipt } from './receipt.ts';
import { type RootContext, treeDirectory } from './root-context.ts';

/** What a receipt says, with the paths made absolute and the verdict of today. */
export function installedFacts(context: RootContext, receipt: Receipt, verdict: Verdict): InstalledFacts {
  const path = treeDirectory(context, receipt.manifest);
  return {
    name: receipt.name,
    reference: receipt.reference,
    digest: receipt.digest,
    kind: receipt.kind,
    platform: receipt.platform,
    verdict,
    path,
    entry: receipt.entry === undefined ? undefined : join(path, receipt.entry.path),
    entryDigest: receipt.entry?.digest,
  };
}

/**
 * The cheap look before a start: the tree is a directory, and the file that runs is a regular file of the recorded size.
 * Its bytes are hashed by the runtime that opens it. Throws `INSTALL_DAMAGED`.
 */
export function assertPresent(context: RootContext, receipt: Receipt): void {
  const { fileSystem } = context;
  const path = treeDirectory(context, receipt.manifest);
  const fault = (problem: string): Error => damagedInstall(receipt, problem);
  if (!fileSystem.lstat(path)?.isDirectory()) throw fault('its files are not there');
  if (receipt.entry === undefined) return;
  const stats = fileSystem.lstat(join(path, receipt.entry.path));
  if (!stats?.isFile()) throw fault(`${receipt.entry.path} is not a file`);
  if (stats.size === receipt.entry.size) return;
  throw fault(`${receipt.entry.path} has ${stats.size} bytes, its receipt says ${receipt.entry.size}`);
}

/** The error of files that are not what was installed. */
export function damagedInstall({ name, reference, manifest }: Receipt, problem: string): GantryError {
  return coreError('INSTALL_DAMAGED', `${name} (${reference}): ${problem}`, { details: { name, manifest } });
}
