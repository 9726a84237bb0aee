import { bestEntry, isManifestEntry, type PlatformOptions, platformOrder } from './choose-platform.ts';
import type { ContentSource } from './content.ts';
import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { GantryError } from './errors.ts';
import { escapeRemote } from './escape.ts';
import { type ImageIndex, type Manifest, parseManifest } from './manifest.ts';
import { isIndexType } from './media-types.ts';
import { ociError } from './oci-errors.ts';
import { ociLimits } from './oci-limits.ts';
import type { Op } from './op.ts';
import { formatPlatform, type Platform } from './platform.ts';
import { platformSuits } from './platform-match.ts';
import { readAll } from './verified-stream.ts';

/** The manifest that was chosen. */
export interface ChosenManifest {
  readonly descriptor: Descriptor;
  readonly manifest: Exclude<Manifest, ImageIndex>;
  /** What the index says it is for; undefined when the root is no index, or the entry does not say. */
  readonly platform: Platform | undefined;
  /** Every index on the way, outermost first; empty when the root is no index. */
  readonly indexes: readonly Descriptor[];
}

/** An index that was opened, and the ones that lead to it. */
interface OpenIndex {
  readonly index: ImageIndex;
  readonly path: readonly Descriptor[];
}

/** An entry that is a manifest, and the indexes that lead to it. */
interface Leaf {
  readonly descriptor: Descriptor;
  readonly path: readonly Descriptor[];
}

/**
 * From a root to the one manifest for a platform, as {@link choosePlatform} chooses. Nested indexes are opened only when
 * the levels above have nothing of the first choice; an index whose single entry names no platform means that entry.
 * The platform that an image config claims is not read: the index decides. Throws `CONTENT_NO_PLATFORM` with what there is,
 * `CONTENT_LIMIT` for indexes nested deeper than `indexDepth` or more of them than `nestedIndexes`, and what reading throws.
 */
export async function chooseManifest(
  source: ContentSource,
  root: Descriptor,
  wanted: Platform,
  options: PlatformOptions = {},
  op?: Op,
): Promise<ChosenManifest> {
  const outermost = await read(source, root, op);
  if (outermost.kind !== 'index') return { descriptor: root, manifest: outermost, platform: undefined, indexes: [] };
  const order = platformOrder(wanted, options);
  const nested = nestedOpener(source, root, order, op);
  const leaves: Leaf[] = [];
  let level: readonly OpenIndex[] = [{ index: outermost, path: [root] }];
  for (let depth = 0; level.length > 0; depth++) {
    for (const open of level) leaves.push(...leavesOf(open));
    const found = choose(leaves, order.slice(0, 1));
    if (found !== undefined) return finish(source, found, op);
    level = await nested(level, depth);
  }
  const found = choose(leaves, order) ?? onlyLeaf(leaves);
  if (found === undefined) throw noPlatform(root, leaves, wanted);
  return finish(source, found, op);
}

function read(source: ContentSource, what: Descriptor, op?: Op): Promise<Manifest> {
  return readAll(source, what, op).then((bytes) => parseManifest(bytes, what, op));
}

function leavesOf(open: OpenIndex): readonly Leaf[] {
  return open.index.manifests.filter(isManifestEntry).map((descriptor) => ({ descriptor, path: open.path }));
}

function choose(leaves: readonly Leaf[], order: readonly Platform[]): Leaf | undefined {
  for (const platform of order) {
    const descriptor = bestEntry(
      leaves.map((leaf) => leaf.descriptor),
      platform,
    );
    if (descriptor !== undefined) return leaves.find((leaf) => leaf.descriptor === descriptor);
  }
  return undefined;
}

function onlyLeaf(leaves: readonly Leaf[]): Leaf | undefined {
  const [only] = leaves;
  return leaves.length === 1 && only?.descriptor.platform === undefined ? only : undefined;
}

async function finish(source: ContentSource, leaf: Leaf, op?: Op): Promise<ChosenManifest> {
  const { descriptor, path } = leaf;
  const manifest = await read(source, descriptor, op);
  if (manifest.kind === 'index') {
    // An entry's media type was checked not to be an index, and the document has to agree with it.
    throw ociError('CONTENT_TYPE_MISMATCH', `${descriptor.digest}: expected a manifest, found an index`);
  }
  return { descriptor, manifest, platform: descriptor.platform, indexes: path };
}

/** Opens the nested indexes of a level that may hold something suitable, each once. */
function nestedOpener(
  source: ContentSource,
  root: Descriptor,
  order: readonly Platform[],
  op: Op | undefined,
): (level: readonly OpenIndex[], depth: number) => Promise<readonly OpenIndex[]> {
  const seen = new Set<Digest>([root.digest]);
  const maxDepth = ociLimits(op, 'indexDepth');
  const maxCount = ociLimits(op, 'nestedIndexes');
  const suits = ({ platform }: Descriptor): boolean =>
    platform === undefined || order.some((wanted) => platformSuits(platform, wanted) !== undefined);
  return async (level, depth) => {
    const next: OpenIndex[] = [];
    for (const { index, path } of level) {
      // By digest, so that the order of an index does not even show in the path to a manifest.
      for (const descriptor of index.manifests.toSorted((a, b) => (a.digest < b.digest ? -1 : 1))) {
        if (!isIndexType(descriptor.mediaType) || !suits(descriptor) || seen.has(descriptor.digest)) continue;
        seen.add(descriptor.digest);
        if (depth >= maxDepth) throw tooMuch(root, 'indexDepth', maxDepth);
        if (seen.size - 1 > maxCount) throw tooMuch(root, 'nestedIndexes', maxCount);
        const opened = await read(source, descriptor, op);
        if (opened.kind === 'index') next.push({ index: opened, path: [...path, descriptor] });
      }
    }
    return next;
  };
}

function tooMuch(root: Descriptor, limit: 'indexDepth' | 'nestedIndexes', expected: number): GantryError {
  return ociError('CONTENT_LIMIT', `${root.digest}: more nested indexes than ${limit} allows (${expected})`, {
    details: { digest: root.digest, limit, expected },
  });
}

function noPlatform(root: Descriptor, leaves: readonly Leaf[], wanted: Platform): GantryError {
  const names = leaves.flatMap(({ descriptor }) =>
    descriptor.platform === undefined ? [] : [escapeRemote(formatPlatform(descriptor.platform), 60)],
  );
  const platforms = [...new Set(names)].sort().slice(0, 20);
  const found = platforms.length === 0 ? 'none with a platform' : platforms.join(', ');
  const name = formatPlatform(wanted);
  return ociError('CONTENT_NO_PLATFORM', `${root.digest} has nothing for ${name}; it has ${found}`, {
    details: { digest: root.digest, expected: name, found: platforms },
  });
}
