import type { Op } from '@gantry/oci';
import { damagedInstall } from './installed-facts.ts';
import { readContentRecord } from './read-content-record.ts';
import type { Receipt } from './receipt.ts';
import { type RootContext, treeDirectory } from './root-context.ts';
import { treeFault } from './verify-tree.ts';

/** The long look: every file is hashed and compared with what was installed. Throws `INSTALL_DAMAGED`. */
export async function assertIntact(context: RootContext, receipt: Receipt, op?: Op): Promise<void> {
  const ready = readContentRecord(context, receipt.manifest, op);
  if (ready?.digest !== receipt.files) throw damagedInstall(receipt, 'the list of its files is not what was installed');
  const fault = await treeFault(context.fileSystem, treeDirectory(context, receipt.manifest), ready.record, op);
  if (fault !== undefined) throw damagedInstall(receipt, fault);
}
