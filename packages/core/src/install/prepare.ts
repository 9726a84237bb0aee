import { isDeepStrictEqual } from 'node:util';
import { isGantryError, type Op } from '@gantry/oci';
import { errorCode } from '../files/durable.ts';
import { checkPluginName } from '../plugin/plugin-name.ts';
import type { DiskStore } from '../store/content-store.ts';
import { type EvidenceFile, VerifiedPlugin } from '../trust/verified-plugin.ts';
import { chooseName } from './choose-name.ts';
import { collectContent, markUnused, sweepStaging } from './collect.ts';
import type { InstalledFile } from './content-record.ts';
import { ensureContent } from './ensure-content.ts';
import { writeEvidence } from './evidence-files.ts';
import { holdContent, holdInstalled, UNWRITABLE } from './hold.ts';
import { guardedNow } from './install-fault.ts';
import { type Installed, vouch } from './installed.ts';
import { installedFacts } from './installed-facts.ts';
import { startLaps } from './laps.ts';
import { readReceipt, removeReceipt, writeReceipt } from './pointers.ts';
import type { ReadyContent } from './read-content-record.ts';
import type { Receipt } from './receipt.ts';
import { createRoot, type RootContext, treeDirectory } from './root-context.ts';
import { settleKind } from './settle-kind.ts';

/** How a plugin is installed. */
export interface InstallOptions {
  /** Default: the last segment of the repository or path. */
  readonly name?: string;
  /** Take the name from another repository that has it. */
  readonly replace?: boolean;
  /** When another repository has the default name, take one with a part of the source's digest after it. Without `name` only. */
  readonly distinct?: boolean;
}

/**
 * An installation that lacks only the switch: the content is there, whole and held. Disposing without
 * {@link PreparedInstall.activate} leaves every name as it was.
 */
export interface PreparedInstall extends AsyncDisposable {
  readonly name: string;
  /** Whether activating changes anything. */
  readonly unchanged: boolean;
  /** Makes the plugin the live one of its name, by one rename. Throws `INSTALL_IO`. */
  activate(op?: Op): Installed;
  /** Undoes {@link PreparedInstall.activate}: the name is again what it was when this was prepared. */
  revert(): void;
}

/** Does everything of an installation but the switch. */
export async function prepareInstall(
  context: RootContext,
  store: DiskStore,
  verified: VerifiedPlugin,
  options: InstallOptions,
  op?: Op,
): Promise<PreparedInstall> {
  VerifiedPlugin.assert(verified);
  op?.signal?.throwIfAborted();
  const { plugin } = verified;
  // What cannot be a name is refused before anything is written.
  checkPluginName(options.name ?? plugin.defaultName, op);
  createRoot(context);
  sweepStaging(context, op);
  const name = chooseName(context, plugin, options, op);
  const before = previousReceipt(context, name, op);
  const lap = startLaps(context.clock, plugin.reference);
  const held = holdContent(context, [plugin.manifest.digest, ...verified.files.map(({ digest }) => digest)], op);
  try {
    await using _blobs = await store.lease(
      plugin.layers.map((layer) => layer.digest),
      op,
    );
    const ready = await ensureContent(context, store, plugin, lap, op);
    const receipt = newReceipt(context, name, verified, ready);
    op?.signal?.throwIfAborted();
    const unchanged = before !== undefined && isSame(before, receipt);
    return {
      name,
      unchanged,
      activate: (activateOp) => {
        const live = unchanged ? { ...receipt, installedAt: before.installedAt } : receipt;
        guardedNow(`activate ${name}`, () => {
          if (unchanged) renew(context, live, verified.files);
          else activate(context, live, verified.files, before, activateOp);
        });
        lap('install', plugin.manifest.digest, activateOp);
        return vouch(installedFacts(context, live, live.verdict), () => holdInstalled(context, name, live.manifest));
      },
      revert: () => {
        if (unchanged) return;
        guardedNow(`revert ${name}`, () =>
          before === undefined ? removeReceipt(context, name) : writeReceipt(context, before),
        );
      },
      [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
    };
  } catch (error) {
    await held[Symbol.asyncDispose]();
    collectContent(context, new Set([plugin.manifest.digest]), op);
    throw error;
  }
}

function activate(
  context: RootContext,
  receipt: Receipt,
  files: readonly EvidenceFile[],
  before: Receipt | undefined,
  op?: Op,
): void {
  context.fileSystem.reached('install.prepared');
  writeEvidence(context, files);
  context.fileSystem.reached('install.evidence');
  writeReceipt(context, receipt);
  context.fileSystem.reached('install.activated');
  if (before !== undefined) markUnused(context, before);
  collectContent(context, new Set(), op);
}

/**
 * Nothing has changed but that the signatures were seen again, which counts for `maxOfflineAge`. Where the root cannot be
 * written the receipt just stays as old as it was.
 */
function renew(context: RootContext, receipt: Receipt, files: readonly EvidenceFile[]): void {
  if (files.length === 0) return;
  try {
    writeEvidence(context, files);
    writeReceipt(context, receipt);
  } catch (error) {
    if (!UNWRITABLE.has(errorCode(error))) throw error;
  }
}

/** What is installed under the name; undefined also when its receipt is damaged, so that installing again heals it. */
function previousReceipt(context: RootContext, name: string, op?: Op): Receipt | undefined {
  try {
    return readReceipt(context, name, op);
  } catch (error) {
    if (isGantryError(error) && error.code === 'INSTALL_DAMAGED') return undefined;
    throw error;
  }
}

function newReceipt(context: RootContext, name: string, verified: VerifiedPlugin, ready: ReadyContent): Receipt {
  const { plugin, verdict, evidence } = verified;
  const tree = treeDirectory(context, plugin.manifest.digest);
  const { kind, entry } = settleKind(plugin, ready.record, tree, context.fileSystem);
  return {
    schemaVersion: 1,
    name,
    source: plugin.source,
    reference: plugin.reference,
    scopeName: plugin.scopeName,
    local: plugin.local,
    digest: plugin.root.digest,
    manifest: plugin.manifest.digest,
    platform: plugin.platform,
    kind,
    verdict,
    evidence,
    files: ready.digest,
    entry: entry === undefined ? undefined : entryOf(entry),
    installedAt: new Date(context.clock.now()).toISOString(),
  };
}

function entryOf({ path, size, digest }: InstalledFile): NonNullable<Receipt['entry']> {
  return { path, size, digest };
}

/** Whether installing again would say the same, but for the times. */
function isSame(before: Receipt, receipt: Receipt): boolean {
  const timeless = (one: Receipt): unknown => ({ ...one, installedAt: '', verdict: { ...one.verdict, judgedAt: '' } });
  return isDeepStrictEqual(timeless(before), timeless(receipt));
}
