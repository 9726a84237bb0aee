import { join } from 'node:path';
import { type Digest, isGantryError, type Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';
import { errorCode, publishFile, syncDirectory } from '../files/durable.ts';
import { checkPluginName, isPluginName } from '../plugin/plugin-name.ts';
import { readRegularFile } from './read-file.ts';
import { encodeReceipt, keptEvidence, parseReceipt, type Receipt } from './receipt.ts';
import { type RootContext, rootModes } from './root-context.ts';

const SUFFIX = '.json';

/** Absolute path of a name's receipt. */
export function receiptPath(context: RootContext, name: string): string {
  return join(context.paths.plugins, `${checkPluginName(name)}${SUFFIX}`);
}

/** The receipt under a name; undefined when there is none. Throws `INSTALL_DAMAGED`, `STORE_VERSION`. */
export function readReceipt(context: RootContext, name: string, op?: Op): Receipt | undefined {
  const limit = coreLimits(op, 'receiptBytes');
  const bytes = readRegularFile(context.fileSystem, receiptPath(context, name), `the receipt of ${name}`, limit);
  return bytes === undefined ? undefined : parseReceipt(name, bytes, op);
}

/** Makes a receipt the live one of its name: one rename, durable before it returns. */
export function writeReceipt(context: RootContext, receipt: Receipt): void {
  const { file } = rootModes(context);
  publishFile(context.fileSystem, receiptPath(context, receipt.name), encodeReceipt(receipt), file);
}

/** Takes a name away; nothing happens when it is not there. */
export function removeReceipt(context: RootContext, name: string): void {
  try {
    context.fileSystem.unlink(receiptPath(context, name));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  context.fileSystem.reached('remove.unlinked');
  syncDirectory(context.fileSystem, context.paths.plugins);
}

/** Every installed name, sorted. What is not a receipt by its name is passed over. */
export function installedNames(context: RootContext): readonly string[] {
  let names: readonly string[];
  try {
    names = context.fileSystem.list(context.paths.plugins);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .filter((name) => isPluginName(name))
    .sort();
}

/**
 * Contents that some name points at, and the evidence that its verdict rests on. Throws when a receipt cannot be read: then nobody can tell what is in use, and
 * nothing may be collected.
 */
export function liveContents(context: RootContext, op?: Op): Set<Digest> {
  const live = new Set<Digest>();
  for (const name of installedNames(context)) {
    const receipt = readReceipt(context, name, op);
    if (receipt === undefined) continue;
    live.add(receipt.manifest);
    for (const { digest } of keptEvidence(receipt)) live.add(digest);
  }
  return live;
}

/** Whether a name is nobody's, or that of another version of the same repository. */
export function isNameFree(context: RootContext, name: string, scopeName: string, op?: Op): boolean {
  return otherHolder(context, name, scopeName, op) === undefined;
}

/** Throws `INSTALL_NAME_TAKEN` when another repository, or another spelling, has the name. */
export function checkNameFree(context: RootContext, name: string, scopeName: string, op?: Op): void {
  const other = otherHolder(context, name, scopeName, op);
  if (other === undefined) return;
  const { taken, holder } = other;
  throw coreError(
    'INSTALL_NAME_TAKEN',
    `${taken} is ${holder ?? 'installed already'}; asked for ${scopeName} as ${name}`,
    {
      details: { name, taken, expected: scopeName, found: holder ?? null },
    },
  );
}

/** Who keeps somebody from taking a name: the name as it is installed, and its repository when that can be read. */
function otherHolder(
  context: RootContext,
  name: string,
  scopeName: string,
  op?: Op,
): { readonly taken: string; readonly holder: string | undefined } | undefined {
  const taken = installedNames(context).find((other) => other.toLowerCase() === name.toLowerCase());
  if (taken === undefined) return undefined;
  const holder = holderOf(context, taken, op);
  return taken === name && (holder === undefined || holder === scopeName) ? undefined : { taken, holder };
}

/** The repository that has a name; undefined when its receipt is damaged, so that installing again heals it. */
function holderOf(context: RootContext, name: string, op?: Op): string | undefined {
  try {
    return readReceipt(context, name, op)?.scopeName;
  } catch (error) {
    if (isGantryError(error) && error.code === 'INSTALL_DAMAGED') return undefined;
    throw error;
  }
}
