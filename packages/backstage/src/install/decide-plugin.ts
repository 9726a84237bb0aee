import { resolve } from 'node:path';
import type { Policy } from '@gantry/core';
import { type Digest, digestHex, type Op } from '@gantry/oci';
import { changeHash, knownHashes } from '../config/change-hash.ts';
import type { PluginEntry } from '../config/plugin-entry.ts';
import { isOutage } from '../images/is-outage.ts';
import { type LocalFacts, localFacts } from '../npm/local-facts.ts';
import { compareLocal } from '../npm/local-fingerprint.ts';
import type { InstalledDirectory } from '../root/open-root.ts';
import type { InstalledPlugins } from './installed-plugins.ts';
import type { LogSink } from './log-sink.ts';
import { trustRulesOf } from './trust-rules.ts';

/** What is to happen with a plugin that is switched on. */
export interface Decision {
  readonly entry: PluginEntry;
  /** What the original writes into `dynamic-plugin-config.hash`. */
  readonly configHash: string;
  /** Of local directories: the hash of the entry alone. */
  readonly record: string | undefined;
  /** Of local directories: what to remember of their contents. */
  readonly fingerprint: string | undefined;
  /** Digest of the trust entries that answer for it. */
  readonly rules: string | undefined;
  /** What stays as it is; undefined when the plugin is to be installed. */
  readonly standing: InstalledDirectory | undefined;
}

/** What decisions are made with. */
export interface DecisionContext {
  /** Where relative directories start. */
  readonly directory: string;
  readonly installed: InstalledPlugins;
  /** The digest that the name of an image has now: one HEAD. */
  readonly peek: (image: string, op?: Op) => Promise<Digest>;
  readonly policy: Policy;
  readonly log: LogSink;
}

/** Whether a plugin is installed as it is asked for. Throws what reading a local directory or asking a registry throws. */
export async function decidePlugin(entry: PluginEntry, context: DecisionContext, op?: Op): Promise<Decision> {
  return entry.source.type === 'local'
    ? decideLocal(entry, resolve(context.directory, entry.source.directory), context, op)
    : decideFetched(entry, context, op);
}

async function decideFetched(entry: PluginEntry, context: DecisionContext, op?: Op): Promise<Decision> {
  const rules = trustRulesOf(entry, context.policy);
  const decision = { entry, configHash: changeHash(entry), record: undefined, fingerprint: undefined, rules };
  const found = findInstalled(entry, decision.configHash, context.installed);
  const stays =
    found !== undefined &&
    // Other rules than those it was judged by: it has to be fetched, and so judged, again.
    (rules === undefined || rules === found.state?.policy) &&
    (entry.source.type === 'oci' ? await isImageUnchanged(entry, found, context, op) : !isForced(entry));
  return { ...decision, standing: stays ? found : undefined };
}

/** The exact hash is the rule; the many that mean the same are computed when it is not there. */
function findInstalled(
  entry: PluginEntry,
  hash: string,
  { withHash }: InstalledPlugins,
  facts?: LocalFacts,
): InstalledDirectory | undefined {
  const name = entry.source.type === 'oci' ? entry.source.path : undefined;
  return withHash(new Set([hash]), name) ?? withHash(knownHashes(entry, facts), name);
}

/** Whether the tag still stands for what is installed. Only `Always` asks; who cannot be asked leaves it as it is. */
async function isImageUnchanged(
  { source, pullPolicy, package: name }: PluginEntry,
  { imageHash }: InstalledDirectory,
  { peek, log }: DecisionContext,
  op?: Op,
): Promise<boolean> {
  if (source.type !== 'oci' || pullPolicy !== 'Always') return true;
  try {
    return digestHex(await peek(source.image, op)) === imageHash;
  } catch (error) {
    if (!isOutage(error)) throw error;
    log.warn(`\t==> WARNING: ${name} stays as it is installed, its registry cannot be asked: ${error.message}`);
    return true;
  }
}

/** Local directories are the same when their contents are, whatever became of the times of their files. */
async function decideLocal(
  entry: PluginEntry,
  path: string,
  { installed }: DecisionContext,
  op?: Op,
): Promise<Decision> {
  const facts = localFacts(path);
  const record = changeHash(entry);
  const decision = { entry, configHash: changeHash(entry, facts), record, rules: undefined };
  const found = findInstalled(entry, decision.configHash, installed, facts) ?? installed.withRecord(knownHashes(entry));
  const remembered = found?.state?.fingerprint;
  const { changed, fingerprint } = await compareLocal(path, remembered, op);
  // Without a fingerprint the original installed it, and goes by the facts that are in its hash.
  const stays = found !== undefined && !isForced(entry) && (remembered === undefined || !changed);
  return { ...decision, fingerprint, standing: stays ? found : undefined };
}

function isForced({ pullPolicy, forceDownload }: PluginEntry): boolean {
  return forceDownload || pullPolicy === 'Always';
}
