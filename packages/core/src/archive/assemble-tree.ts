import { join } from 'node:path';
import { escapeRemote } from '@gantry/oci';
import type { FileSystem } from '../files/file-system.ts';
import { entryFault } from './archive-fault.ts';
import type { ArchiveRules } from './archive-profile.ts';
import type { ExtractedFile, Extraction } from './extraction.ts';
import { linkProblem } from './link-target.ts';
import type { DirectoryNode, FileContent, MergedTree, SkippedLink } from './merged-tree.ts';
import { topOf } from './selection.ts';
import { createTreeWriter, type PublishedModes } from './tree-writer.ts';

/** Where the layers were extracted to and what becomes of them. */
export interface Assembly {
  readonly destination: string;
  /** One for each layer; the destination itself when there is a single layer. */
  readonly directories: readonly string[];
  readonly rules: ArchiveRules;
  readonly modes: PublishedModes;
  /** Layers whose files stay for others: what is taken from them is a copy. */
  readonly kept?: ReadonlySet<number>;
}

/**
 * Brings the merged tree into the destination: directories, then files, renamed from where their layer was extracted or
 * copied where hard links share one, and links last of all, so that nothing was ever written through one.
 * Throws `ARCHIVE_UNSAFE_LINK` for a link that leads out, unless the profile skips those.
 */
export function assembleTree(fileSystem: FileSystem, merged: MergedTree, assembly: Assembly): Extraction {
  const files: ExtractedFile[] = [];
  const directories: string[] = [];
  const found: { path: string; target: string }[] = [];
  const oversized: { path: string; size: number }[] = [];
  const inPlace = assembly.directories[0] === assembly.destination;
  const placed = new Map<FileContent, string>();
  const writer = createTreeWriter(fileSystem, assembly.destination, assembly.modes);

  const placeFile = (path: string, content: FileContent): void => {
    const to = join(assembly.destination, path);
    const from = placed.get(content) ?? join(assembly.directories[content.layer] ?? '', content.path);
    if (from === to) return;
    if (inPlace || placed.has(content) || assembly.kept?.has(content.layer)) {
      fileSystem.copy(from, to);
      return;
    }
    fileSystem.rename(from, to);
    placed.set(content, to);
  };

  const visit = (node: DirectoryNode, path: string): void => {
    for (const [name, child] of [...node.children].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const childPath = path === '' ? name : `${path}/${name}`;
      if (child.kind === 'directory') {
        directories.push(childPath);
        if (!inPlace) writer.directory(childPath);
        visit(child, childPath);
      } else if (child.kind === 'link') {
        found.push({ path: childPath, target: child.target });
      } else if (child.kind === 'oversized') {
        oversized.push({ path: childPath, size: child.size });
      } else {
        const { size, digest, executable } = child.content;
        placeFile(childPath, child.content);
        files.push({
          path: childPath,
          size,
          digest,
          mode: executable ? assembly.modes.executable : assembly.modes.file,
        });
      }
    }
  };
  visit(merged.root, '');

  const { links, skipped } = chooseLinks(merged.root, found, assembly.rules);
  for (const { path, target } of links) fileSystem.symlink(target, join(assembly.destination, path));
  return { files, directories, links, skipped: [...merged.skipped, ...skipped], oversized };
}

function chooseLinks(
  root: DirectoryNode,
  found: readonly { readonly path: string; readonly target: string }[],
  rules: ArchiveRules,
): { links: { path: string; target: string }[]; skipped: SkippedLink[] } {
  const links: { path: string; target: string }[] = [];
  const skipped: SkippedLink[] = [];
  const ownTop = rules.profile === 'package' || rules.selection !== undefined;
  for (const { path, target } of found) {
    const reason = linkProblem(root, path, target, ownTop ? topOf(path) : '');
    if (reason === undefined) links.push({ path, target });
    else if (rules.profile === 'image') skipped.push({ path, target, reason });
    else throw entryFault('ARCHIVE_UNSAFE_LINK', path, `is a link that ${reason}`, { target: escapeRemote(target) });
  }
  return { links, skipped };
}
