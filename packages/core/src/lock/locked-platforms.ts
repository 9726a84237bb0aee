import {
  type ContentSource,
  type Descriptor,
  type Digest,
  formatPlatform,
  isIndexType,
  isManifestEntry,
  type Op,
  ociError,
  ociLimits,
  parseManifest,
  readAll,
} from '@gantry/oci';
import type { LockedPlatform } from './lock-file.ts';

/**
 * Every platform of an index, nested ones opened, from the indexes alone: no other platform's manifest or blob is read.
 * Empty when the root is a manifest. Throws what reading throws, and `CONTENT_LIMIT` for indexes nested deeper than
 * `indexDepth` or more of them than `nestedIndexes`.
 */
export async function lockedPlatforms(
  source: ContentSource,
  root: Descriptor,
  op?: Op,
): Promise<readonly LockedPlatform[]> {
  const found = new Map<string, LockedPlatform>();
  const opened = new Set<Digest>([root.digest]);
  let level = [root];
  for (let depth = 0; level.length > 0; depth++) {
    const nested: Descriptor[] = [];
    for (const what of level) {
      for (const entry of await entriesOf(source, what, op)) {
        if (isManifestEntry(entry)) {
          const platform = entry.platform === undefined ? null : formatPlatform(entry.platform);
          found.set(`${platform} ${entry.digest}`, { platform, digest: entry.digest, size: entry.size });
        } else if (isIndexType(entry.mediaType) && !opened.has(entry.digest)) {
          opened.add(entry.digest);
          nested.push(entry);
        }
      }
    }
    refuseTooMany(root, 'indexDepth', nested.length === 0 ? 0 : depth + 1, op);
    refuseTooMany(root, 'nestedIndexes', opened.size - 1, op);
    level = nested;
  }
  return [...found.values()];
}

async function entriesOf(source: ContentSource, what: Descriptor, op?: Op): Promise<readonly Descriptor[]> {
  if (!isIndexType(what.mediaType)) return [];
  const manifest = parseManifest(await readAll(source, what, op), what, op);
  return manifest.kind === 'index' ? manifest.manifests : [];
}

function refuseTooMany(root: Descriptor, limit: 'indexDepth' | 'nestedIndexes', found: number, op?: Op): void {
  const expected = ociLimits(op, limit);
  if (found <= expected) return;
  throw ociError('CONTENT_LIMIT', `${root.digest}: more nested indexes than ${limit} allows (${expected})`, {
    details: { digest: root.digest, limit, expected },
  });
}
