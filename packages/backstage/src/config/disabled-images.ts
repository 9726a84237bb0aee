import type { LogSink } from '../install/log-sink.ts';
import { configFault, shown } from './config-fault.ts';
import { OCI_SCHEME } from './package-key.ts';
import { isOciEntry, type WrittenEntry } from './written-entry.ts';

/** An entry that is left out before anything is asked: its image is switched off. */
export interface DroppedEntry {
  readonly entry: WrittenEntry;
  /** The entry that switches the image off; itself where its own package cannot be read. */
  readonly because: WrittenEntry;
}

/** What remains to be merged. */
export interface RemainingEntries {
  readonly entries: readonly WrittenEntry[];
  readonly dropped: readonly DroppedEntry[];
}

const ALGORITHMS = "('sha512', 'sha384', 'sha256')";
const FORMAT = `'${OCI_SCHEME}<registry>:<tag>' or '${OCI_SCHEME}<registry>@<algo>:<digest>' (optionally followed by '!<path>')`;
const FORMAT_NOTE = `where <registry> may include a port (e.g. host:5000/path) and <algo> is one of ${ALGORITHMS}`;

/** The entries for one image, the highest level for each directory of it; undefined is the entry without one. */
type ImageEntries = Map<string | undefined, WrittenEntry>;

/**
 * Finds the images that are switched off as a whole by an entry that names no directory, and takes their entries out, so
 * that nothing is asked about them. Throws `CONFIG_DYNAMIC_PLUGINS` for an enabled entry that does not follow the grammar,
 * `CONFIG_PLUGIN_DUPLICATE` for one that is there twice on a level, `CONFIG_PLUGIN_PATH` for one that names no directory
 * although several of its image are named.
 */
export function dropDisabledImages(entries: readonly WrittenEntry[], log: LogSink): RemainingEntries {
  const images = collectImages(entries, log);
  const switchedOff = new Map<string, WrittenEntry>();
  const skipped = new Set<WrittenEntry>();
  for (const [repository, image] of images) {
    const whole = image.get(undefined);
    if (whole === undefined) continue;
    const above = [...image.values()].filter(({ oci, level }) => oci?.path !== undefined && level > whole.level);
    if (image.size > 2) refuseAmbiguous(repository, image, whole, log);
    if (image.size > 2 && above.some(({ enabled }) => enabled !== false)) {
      // The directories of a higher level stand for themselves; what is switched off below them is only that entry.
      for (const entry of entries) if (isWhole(entry, repository)) skipped.add(entry);
      continue;
    }
    const decisive = image.size === 2 && above[0]?.enabled !== undefined ? above[0] : whole;
    if (decisive.enabled === false) switchedOff.set(repository, decisive);
  }
  const dropped: DroppedEntry[] = [];
  const remaining = entries.filter((entry) => {
    if (!isOciEntry(entry)) return true;
    const because = entry.oci === undefined || skipped.has(entry) ? entry : switchedOff.get(entry.oci.repository);
    if (because === undefined) return true;
    log.line(`\n======= Disabling OCI plugin ${shown(entry.package)}`);
    dropped.push({ entry, because });
    return false;
  });
  return { entries: remaining, dropped };
}

function isWhole({ oci }: WrittenEntry, repository: string): boolean {
  return oci?.repository === repository && oci.path === undefined;
}

function collectImages(entries: readonly WrittenEntry[], log: LogSink): ReadonlyMap<string, ImageEntries> {
  const images = new Map<string, ImageEntries>();
  for (const entry of entries) {
    if (!isOciEntry(entry)) continue;
    const { package: text, oci, place } = entry;
    const file = shown(place.file);
    if (oci === undefined) {
      if (entry.enabled !== false) throw invalidFormat(entry);
      log.warn(
        `WARNING: Skipping disabled OCI plugin with invalid format: '${shown(text)}' in ${file}. Expected format: ${FORMAT} ${FORMAT_NOTE}`,
      );
      continue;
    }
    const image: ImageEntries = images.get(oci.repository) ?? new Map();
    images.set(oci.repository, image);
    const former = image.get(oci.path);
    if (former?.level !== entry.level) {
      // What says nothing about it stays as the level below has it.
      image.set(oci.path, { ...entry, enabled: entry.enabled ?? former?.enabled });
      continue;
    }
    const what = shown(`${OCI_SCHEME}${oci.repository}${oci.path === undefined ? '' : `!${oci.path}`}`);
    if (entry.enabled !== false) {
      const message = `Duplicate OCI plugin configuration for ${what} found at the same level in ${file}: ${shown(text)}`;
      throw configFault('CONFIG_PLUGIN_DUPLICATE', message, place);
    }
    log.warn(`WARNING: Skipping duplicate disabled OCI plugin configuration for ${what} in ${file}`);
  }
  return images;
}

function invalidFormat({ package: text, place }: WrittenEntry): Error {
  const message = `oci package '${shown(text)}' is not in the expected format ${FORMAT} in ${shown(place.file)} ${FORMAT_NOTE}`;
  return configFault('CONFIG_DYNAMIC_PLUGINS', message, place);
}

/** An entry that names no directory cannot mean one of several; it is an error unless it is switched off. */
function refuseAmbiguous(repository: string, image: ImageEntries, whole: WrittenEntry, log: LogSink): void {
  const paths = [...image.values()].flatMap(({ oci, place }) =>
    oci?.path === undefined ? [] : [{ path: oci.path, place }],
  );
  const list = paths
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, place }) => `\n  - ${shown(path)} (in ${shown(place.file)})`)
    .join('');
  const named = `${shown(`${OCI_SCHEME}${repository}`)} in ${shown(whole.place.file)}`;
  const rest =
    `multiple path-specific entries exist:${list}\n` +
    'Cannot use path-less syntax for multi-plugin images. Please specify a !<plugin-path> suffix for the plugin';
  if (whole.enabled === false) {
    log.warn(`WARNING: Skipping disabled ambiguous path-less OCI reference for ${named}: ${rest}`);
    return;
  }
  throw configFault('CONFIG_PLUGIN_PATH', `Ambiguous path-less OCI reference for ${named}: ${rest}.`, whole.place);
}
