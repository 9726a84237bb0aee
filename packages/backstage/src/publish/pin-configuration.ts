import type { Op } from '@gantry/oci';
import { configFault, shown } from '../config/config-fault.ts';
import { readEntries, type WrittenEntry } from '../config/written-entry.ts';
import type { LogSink } from '../install/log-sink.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import { editEntries } from './edit-entries.ts';
import { applyEdits, unifiedDiff } from './line-diff.ts';
import { type Pin, type PinTools, pinEntries } from './pin-entries.ts';

/** A file whose packages are to be pinned. */
export interface PinRequest {
  readonly text: string;
  /** As the user named it. */
  readonly file: string;
  readonly log: LogSink;
}

/** What became of one entry. */
export type PinnedEntry = Pin & {
  /** As it is written. */
  readonly written: string;
  /** From 1. */
  readonly line: number;
};

/** The file with its packages pinned. */
export interface PinnedConfiguration {
  readonly entries: readonly PinnedEntry[];
  /** The same text where nothing is to be changed. */
  readonly text: string;
  /** What changes, as `diff -u` writes it. */
  readonly diff: string;
}

/**
 * Pins the packages of dynamic-plugins.yaml, or of a file that it includes: tags become digests, npm packages get their exact
 * version and an integrity. Only these scalars change; comments, order, quotes and line ends stay. Nothing is written to
 * disk. Throws `CONFIG_DYNAMIC_PLUGINS`; what is wrong with one package is in its entry.
 */
export async function pinConfiguration(
  { text, file, log }: PinRequest,
  tools: PinTools,
  op?: Op,
): Promise<PinnedConfiguration> {
  const { value, warnings } = readYaml(text, file, op);
  for (const { message } of warnings) log.warn(`WARNING: ${message}`);
  if (value !== undefined && value.type !== 'map') {
    throw configFault('CONFIG_DYNAMIC_PLUGINS', `${shown(file)} content must be a YAML object`, value.origin);
  }
  const plugins = value?.entries.get('plugins');
  const entries = plugins === undefined ? [] : readEntries(plugins, file, 1, log);
  const pins = await pinEntries(entries, tools, op);
  const { edits, elsewhere } = await editEntries(text, entries, pins);
  return {
    entries: entries.map((entry): PinnedEntry => outcomeOf(entry, pins.get(entry), elsewhere)),
    text: applyEdits(text, edits),
    diff: unifiedDiff(file, text, edits),
  };
}

function outcomeOf(entry: WrittenEntry, pin: Pin | undefined, elsewhere: ReadonlySet<WrittenEntry>): PinnedEntry {
  const place = { written: entry.written, line: entry.place.line };
  const lost = pin === undefined || (pin.state === 'pinned' && elsewhere.has(entry));
  return lost ? { ...place, state: 'unchanged', reason: 'written elsewhere' } : { ...place, ...pin };
}
