import { type Digest, escapeRemote, type Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { entryFault, limitFault } from './archive-fault.ts';
import type { ArchiveRules } from './archive-profile.ts';
import { checkEntryPath, pathLimits } from './entry-path.ts';
import { type LayerListing, type ListedEntry, listingBytes } from './layer-listing.ts';
import { selects, topOf } from './selection.ts';

/** Where the bytes of a file are: written by the extraction of one layer. Hard links share it. */
export interface FileContent {
  readonly layer: number;
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
  readonly executable: boolean;
}

/** A directory of the merged tree. */
export interface DirectoryNode {
  readonly kind: 'directory';
  readonly children: Map<string, TreeNode>;
}

/** One place in the merged tree. */
export type TreeNode =
  | DirectoryNode
  | { readonly kind: 'file'; readonly content: FileContent }
  | { readonly kind: 'oversized'; readonly size: number }
  | { readonly kind: 'link'; readonly target: string };

/** A link that was left out, and why. */
export interface SkippedLink {
  readonly path: string;
  readonly target: string;
  readonly reason: string;
}

/** Layers on top of each other. */
export interface MergedTree {
  readonly root: DirectoryNode;
  readonly skipped: SkippedLink[];
  /** Top directories that are not selected and hold what hard links of the selection mean: without them it is not whole. */
  readonly missing: ReadonlySet<string>;
}

/**
 * Puts layers on top of each other (OCI image-spec, layer.md), in memory: whiteouts of a layer hide what is below it, then
 * its entries replace what has their names; directories merge. Nothing is entered through a link.
 * Throws `ARCHIVE_UNSAFE_LINK`, `ARCHIVE_COLLISION`, and `ARCHIVE_LIMIT` over all layers, copies of hard links included.
 */
export function mergeLayers(layers: readonly LayerListing[], rules: ArchiveRules, op?: Op): MergedTree {
  const root = directory();
  const skipped: SkippedLink[] = [];
  const missing = new Set<string>();
  const beside: [from: string, to: string][] = [];
  const selected = selects(rules.selection);
  const limits = pathLimits(op);
  const totalLimit = coreLimits(op, 'archiveTotalBytes');
  const entryLimit = coreLimits(op, 'archiveEntries');
  const listingLimit = coreLimits(op, 'archiveListingBytes');
  let total = 0;
  let entries = 0;
  let listed = 0;
  const addBytes = (bytes: number): void => {
    total += bytes;
    if (total > totalLimit) throw limitFault('archiveTotalBytes', totalLimit, total);
  };

  const hardLink = (path: string, target: string): void => {
    const to = { target: escapeRemote(target) };
    let inside: string;
    try {
      inside = checkEntryPath(target, false, rules.portableNames, limits);
    } catch (error) {
      if (rules.profile !== 'image') throw entryFault('ARCHIVE_UNSAFE_LINK', path, 'is a hard link that leads out', to);
      if (error instanceof Error) skipped.push({ path, target, reason: 'hard link that leads out' });
      return;
    }
    if (rules.profile === 'package' && topOf(inside) !== topOf(path)) {
      throw entryFault('ARCHIVE_UNSAFE_LINK', path, 'is a hard link that leads out of the package', to);
    }
    if (!selected(path)) {
      beside.push([topOf(path), topOf(inside)]);
      return;
    }
    if (!selected(inside)) {
      missing.add(topOf(inside));
      // Other hard links may be to this one.
      put(root, path, { kind: 'oversized', size: 0 });
      return;
    }
    const node = find(root, inside);
    if (node === undefined || node.kind === 'directory') {
      throw entryFault('ARCHIVE_UNSAFE_LINK', path, 'is a hard link to something that is not a file before it', to);
    }
    if (node.kind === 'file') addBytes(node.content.size);
    put(root, path, node);
  };

  const place = (entry: ListedEntry, layer: number): void => {
    switch (entry.type) {
      case 'directory': {
        const before = find(root, entry.path);
        if (before?.kind === 'directory') return;
        if (entry.implied && before !== undefined) {
          const problem = before.kind === 'link' ? 'a link' : 'a file';
          const code = before.kind === 'link' ? 'ARCHIVE_UNSAFE_LINK' : 'ARCHIVE_COLLISION';
          throw entryFault(code, entry.path, `has entries below it but is ${problem} in a layer below`);
        }
        put(root, entry.path, directory());
        return;
      }
      case 'file':
        put(root, entry.path, { kind: 'file', content: { ...entry, layer } });
        return;
      case 'oversized':
        put(root, entry.path, { kind: 'oversized', size: entry.size });
        return;
      case 'symlink':
        put(root, entry.path, { kind: 'link', target: entry.target });
        return;
      case 'hardlink':
        hardLink(entry.path, entry.target);
    }
  };

  for (const [layer, listing] of layers.entries()) {
    addBytes(listing.inflated);
    entries += listing.entries.length;
    if (entries > entryLimit) throw limitFault('archiveEntries', entryLimit, entries);
    for (const entry of listing.entries) {
      listed += listingBytes(entry);
      if (listed > listingLimit) throw limitFault('archiveListingBytes', listingLimit, listed);
      if (entry.type === 'whiteout') remove(root, entry.path);
      else if (entry.type === 'opaque') empty(root, entry.path);
    }
    for (const entry of listing.entries) place(entry, layer);
  }
  // What is missing may be hard links in turn; a set grows while it is walked.
  for (const top of missing) for (const [from, to] of beside) if (from === top && !selected(to)) missing.add(to);
  return { root, skipped, missing };
}

/** What is at a path, following no link. */
export function find(root: DirectoryNode, path: string): TreeNode | undefined {
  let at: TreeNode | undefined = root;
  if (path === '') return at;
  for (const segment of path.split('/')) {
    if (at?.kind !== 'directory') return undefined;
    at = at.children.get(segment);
  }
  return at;
}

function directory(): DirectoryNode {
  return { kind: 'directory', children: new Map() };
}

function parentOf(root: DirectoryNode, path: string): { readonly parent: TreeNode | undefined; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { parent: find(root, slash < 0 ? '' : path.slice(0, slash)), name: path.slice(slash + 1) };
}

/** Every directory above an entry is listed before it, so a missing one is a link or a file of a layer below. */
function put(root: DirectoryNode, path: string, node: TreeNode): void {
  const { parent, name } = parentOf(root, path);
  if (parent?.kind !== 'directory') {
    throw entryFault('ARCHIVE_UNSAFE_LINK', path, 'stands below something that is not a directory in a layer below');
  }
  parent.children.set(name, node);
}

function remove(root: DirectoryNode, path: string): void {
  const { parent, name } = parentOf(root, path);
  if (parent?.kind === 'directory') parent.children.delete(name);
}

function empty(root: DirectoryNode, path: string): void {
  const node = find(root, path);
  if (node?.kind === 'directory') node.children.clear();
}
