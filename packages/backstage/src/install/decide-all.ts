import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Op, ociLimits } from '@gantry/oci';
import type { LoadedPlugins } from '../config/load-dynamic-plugins.ts';
import type { PackageSource, PluginEntry } from '../config/plugin-entry.ts';
import { type Decision, type DecisionContext, decidePlugin } from './decide-plugin.ts';
import { type ConfigurationReader, loadConfiguration, type ReadConfiguration } from './load-configuration.ts';
import { BufferedLog, type LogSink } from './log-sink.ts';
import { settleParallel } from './settle-parallel.ts';

/** What the configuration asks for, held against what is installed. */
export interface Decisions {
  readonly loaded: LoadedPlugins;
  /** By entry, for all that are switched on and could be decided about. */
  readonly decisions: ReadonlyMap<PluginEntry, Decision>;
  /** Entries that could not. */
  readonly failures: ReadonlyMap<PluginEntry, unknown>;
  /** Local directories that are not there: skipped, as one of the originals does, with their configuration kept. */
  readonly missing: ReadonlySet<PluginEntry>;
  /** The directories of the plugins of images whose entries name none. */
  readonly paths: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads the configuration and decides about every plugin in it. What is installed says which directory an image holds; when
 * the image then has to be fetched after all, it is asked, and everything is read once more. Undefined when there is no
 * configuration. Throws what `loadDynamicPlugins` throws.
 */
export async function decideAll(
  reader: ConfigurationReader,
  context: Omit<DecisionContext, 'log'>,
  log: LogSink,
  op?: Op,
): Promise<Decisions | undefined> {
  const ask = new Set<string>();
  for (;;) {
    // The first reading may turn out to rest on what is no longer true.
    const buffered = new BufferedLog(log);
    const attempt = context.installed.all.length > 0 && ask.size === 0 ? buffered : log;
    try {
      const read = await loadConfiguration(reader, ask, attempt, op);
      if (read.loaded.state !== 'loaded') {
        buffered.flush();
        return undefined;
      }
      const decided = await decideEntries(read, read.loaded, { ...context, log: attempt }, op);
      const outdated = [...decided.decisions.values()].flatMap(({ entry, standing }) =>
        standing === undefined && entry.source.type === 'oci' ? [entry.source.image] : [],
      );
      const asked = outdated.filter((image) => read.recalled.has(image));
      if (asked.length === 0) {
        buffered.flush();
        return decided;
      }
      for (const image of asked) ask.add(image);
    } catch (error) {
      buffered.flush();
      throw error;
    }
  }
}

async function decideEntries(
  { paths }: ReadConfiguration,
  loaded: LoadedPlugins,
  context: DecisionContext,
  op?: Op,
): Promise<Decisions> {
  const decisions = new Map<PluginEntry, Decision>();
  const entries = loaded.plugins.filter(({ enabled }) => enabled);
  const missing = new Set(entries.filter(({ source }) => isMissing(source, context.directory)));
  const failed = await settleParallel(
    entries.filter((entry) => !missing.has(entry)),
    ociLimits(op, 'parallelTransfers'),
    async (entry) => void decisions.set(entry, await decidePlugin(entry, context, op)),
    op?.signal,
  );
  return { loaded, decisions, failures: new Map(failed.map(({ item, error }) => [item, error])), missing, paths };
}

function isMissing(source: PackageSource, directory: string): boolean {
  return source.type === 'local' && !existsSync(resolve(directory, source.directory));
}
