import type { Digest, Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { entryFault, limitFault } from './archive-fault.ts';
import type { ArchiveRules } from './archive-profile.ts';
import { checkEntryPath, pathLimits } from './entry-path.ts';
import { type ListedEntry, listingBytes } from './layer-listing.ts';
import { createNameRegistry } from './name-registry.ts';
import { selects } from './selection.ts';
import { createTarReader, type TarEntry, type TarReader } from './tar-reader.ts';
import type { TreeWriter } from './tree-writer.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * Reads one archive: files and directories are checked and written, links and whiteouts only listed, because what they
 * mean depends on the layers below and because no write may ever meet a link.
 */
export function createLayerReader(
  rules: ArchiveRules,
  writer: TreeWriter,
  op?: Op,
): TarReader & { readonly entries: readonly ListedEntry[] } {
  const limits = pathLimits(op);
  const names = createNameRegistry(rules.portableNames, op);
  const entries: ListedEntry[] = [];
  const listingLimit = coreLimits(op, 'archiveListingBytes');
  const selected = selects(rules.selection);
  const largest = rules.selection?.fileBytes ?? Number.POSITIVE_INFINITY;
  let listed = 0;
  let current: { path: string; size: number; executable: boolean } | undefined;

  const list = (entry: ListedEntry): void => {
    listed += listingBytes(entry);
    if (listed > listingLimit) throw limitFault('archiveListingBytes', listingLimit, listed);
    entries.push(entry);
  };

  const imply = (path: string): void => {
    if (!selected(path)) return;
    writer.directory(path);
    list({ type: 'directory', path, implied: true });
  };

  const link = (entry: TarEntry, path: string, type: 'symlink' | 'hardlink'): void => {
    if (!rules.links) throw entryFault('ARCHIVE_UNSAFE_LINK', entry.name, 'is a link, which this profile refuses');
    if (entry.linkName === '') throw entryFault('ARCHIVE_INVALID', entry.name, 'is a link to nothing');
    const length = Buffer.byteLength(entry.linkName);
    if (length > limits.pathBytes) throw limitFault('archivePathBytes', limits.pathBytes, length);
    names.add(path, 'link', imply);
    // A hard link beside the selection is listed, for it may hold what one in the selection means.
    if (type === 'hardlink' || selected(path)) list({ type, path, target: entry.linkName });
  };

  const whiteout = (entry: TarEntry, path: string): void => {
    const slash = path.lastIndexOf('/') + 1;
    const parent = path.slice(0, Math.max(0, slash - 1));
    const base = path.slice(slash);
    if (entry.type !== 'file' || entry.size !== 0) {
      throw entryFault('ARCHIVE_INVALID', entry.name, 'is a whiteout that is not an empty file');
    }
    names.count();
    if (base === OPAQUE) {
      if (parent === '' || selected(parent)) list({ type: 'opaque', path: parent });
    }
    // Bookkeeping of AUFS; it stands for no file.
    else if (base.startsWith(WHITEOUT + WHITEOUT)) return;
    else {
      const raw = path.slice(0, slash) + base.slice(WHITEOUT.length);
      const hidden = checkEntryPath(raw, false, rules.portableNames, limits);
      if (selected(hidden)) list({ type: 'whiteout', path: hidden });
    }
  };

  const tar = createTarReader(
    {
      entry: (entry) => {
        const path = checkEntryPath(entry.name, entry.type === 'directory', rules.portableNames, limits);
        current = undefined;
        if (rules.whiteouts && path.slice(path.lastIndexOf('/') + 1).startsWith(WHITEOUT)) {
          whiteout(entry, path);
          return;
        }
        if (entry.type === 'symlink' || entry.type === 'hardlink') {
          link(entry, path, entry.type);
          return;
        }
        if (entry.type === 'directory') {
          const fresh = names.add(path, 'directory', imply);
          if (!selected(path)) return;
          if (fresh) writer.directory(path);
          list({ type: 'directory', path, implied: false });
          return;
        }
        names.add(path, 'file', imply);
        if (!selected(path)) return;
        if (entry.size > largest) {
          list({ type: 'oversized', path, size: entry.size });
          return;
        }
        const executable = rules.executables && entry.ownerExecutes;
        writer.begin(path, executable);
        current = { path, size: entry.size, executable };
      },
      data: (chunk) => writer.write(chunk),
      end: () => {
        if (current === undefined) return;
        const digest: Digest = writer.end();
        list({ type: 'file', ...current, digest });
      },
    },
    op,
  );
  return { push: tar.push, finish: tar.finish, entries };
}
