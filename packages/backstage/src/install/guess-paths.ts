import { knownHashes } from '../config/change-hash.ts';
import type { PathDetector } from '../config/detect-paths.ts';
import type { LoadedConfiguration } from '../config/load-dynamic-plugins.ts';
import type { PluginEntry } from '../config/plugin-entry.ts';
import type { InstalledDirectory } from '../root/open-root.ts';

/** Stands for a directory that is not known; no plugin is called so. */
const UNKNOWN = 'gantry-unknown-directory-';

/**
 * Finds out without any network what the originals found in images whose entries name no directory. They left no note of
 * it but the hash of the entry with the directory in it, so the names of their directories are tried until one gives the
 * hash that lies in it. Returns the directory by image; an image that nothing fits is not there.
 */
export async function guessPaths(
  load: (detect: PathDetector) => Promise<LoadedConfiguration>,
  theirs: readonly InstalledDirectory[],
): Promise<ReadonlyMap<string, string>> {
  const guesses = new Map<string, string>();
  const images: string[] = [];
  let loaded: LoadedConfiguration;
  try {
    loaded = await load(async (image) => [UNKNOWN + (images.push(image) - 1)]);
  } catch {
    // Whatever is wrong with the configuration is found again, and told, when it is read for good.
    return guesses;
  }
  for (const entry of loaded.state === 'loaded' ? loaded.plugins : []) {
    const { source } = entry;
    if (source.type !== 'oci' || !source.path.startsWith(UNKNOWN)) continue;
    const image = images[Number(source.path.slice(UNKNOWN.length))];
    const found = theirs.find(({ name, configHash }) => knownHashes(withPath(entry, name)).has(configHash));
    if (image !== undefined && found !== undefined) guesses.set(image, found.name);
  }
  return guesses;
}

/** The entry as it would be if its image held this directory. */
function withPath(entry: PluginEntry, path: string): PluginEntry {
  const { source, record } = entry;
  if (source.type !== 'oci') return entry;
  const text = `${entry.package.slice(0, -source.path.length)}${path}`;
  const written = record.get('package');
  if (written?.type !== 'string') return entry;
  return {
    ...entry,
    package: text,
    source: { ...source, path },
    record: new Map([...record, ['package', { ...written, value: text }]]),
  };
}
