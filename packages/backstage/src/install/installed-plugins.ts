import type { InstalledDirectory } from '../root/open-root.ts';

/** What is in the root, by what the originals and we know it by. */
export interface InstalledPlugins {
  readonly all: readonly InstalledDirectory[];
  /** The directory of one of these hashes. */
  withHash(hashes: ReadonlySet<string>, name?: string): InstalledDirectory | undefined;
  /** The directory of a local package whose entry was the same, whatever its files said then. */
  withRecord(hashes: ReadonlySet<string>): InstalledDirectory | undefined;
  /** The paths of an image, from a directory that was installed from it. */
  pathsOf(image: string): readonly string[] | undefined;
}

/** Indexes the directories of a root. */
export function indexInstalled(all: readonly InstalledDirectory[]): InstalledPlugins {
  const byHash = new Map<string, InstalledDirectory[]>();
  const byRecord = new Map<string, InstalledDirectory>();
  const paths = new Map<string, readonly string[]>();
  for (const directory of all) {
    const { configHash, state } = directory;
    byHash.set(configHash, [...(byHash.get(configHash) ?? []), directory]);
    if (state?.record !== undefined) byRecord.set(state.record, directory);
    if (state?.image !== undefined && state.paths !== undefined) paths.set(state.image, state.paths);
  }
  return {
    all,
    withHash: (hashes, name) => {
      for (const hash of hashes) {
        const found = byHash.get(hash)?.find((directory) => name === undefined || directory.name === name);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    withRecord: (hashes) => {
      for (const hash of hashes) {
        const found = byRecord.get(hash);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    pathsOf: (image) => paths.get(image),
  };
}
