import { coreError } from '../core-errors.ts';
import { type KeptEvidence, keptEvidence, type Receipt } from './receipt.ts';
import { evidenceFile, type RootContext } from './root-context.ts';

/** The cheap look before a start: everything that the verdict rests on is still there. Throws `INSTALL_DAMAGED`. */
export function assertEvidence(context: RootContext, receipt: Receipt): void {
  for (const item of keptEvidence(receipt)) {
    const stats = context.fileSystem.lstat(evidenceFile(context, item.digest));
    if (!stats?.isFile()) throw damagedEvidence(receipt, item, 'is not there');
    if (stats.size === item.size) continue;
    throw damagedEvidence(receipt, item, `has ${stats.size} bytes, its receipt says ${item.size}`);
  }
}

/** The error about a document that is not what its receipt says. */
export function damagedEvidence(receipt: Receipt, { digest }: KeptEvidence, problem: string, cause?: unknown): Error {
  return coreError('INSTALL_DAMAGED', `${receipt.name} (${receipt.reference}): its evidence ${digest} ${problem}`, {
    details: { name: receipt.name, evidence: digest },
    ...(cause !== undefined && { cause }),
  });
}
