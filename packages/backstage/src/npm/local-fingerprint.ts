import { createHash, type Hash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { Op } from '@gantry/oci';

/** Whether a local package is what it was, and what to remember of it. */
export interface LocalComparison {
  readonly changed: boolean;
  /** For the next comparison: the hash of what `stat` says, and the hash of the contents, with a space between. */
  readonly fingerprint: string;
}

/**
 * Holds the local package at `path` against the fingerprint remembered when it was installed. While names, sizes, modes and
 * times of everything below it are the same, no content is read; otherwise the contents decide. Links below it
 * count as what they say. Throws what the file system throws.
 */
export async function compareLocal(path: string, remembered: string | undefined, op?: Op): Promise<LocalComparison> {
  const [knownStats, knownContent] = remembered?.split(' ') ?? [];
  const root = realpathSync(path);
  const found = visit(root);
  const lines = found.map(
    ({ name, facts }) => `${name}\0${facts.mode} ${facts.size} ${facts.mtimeMs} ${facts.ctimeMs}\n`,
  );
  const statsHash = createHash('sha256').update(lines.join('')).digest('hex');
  if (remembered !== undefined && statsHash === knownStats) return { changed: false, fingerprint: remembered };
  const content = createHash('sha256');
  for (const entry of found) await hashEntry(content, root, entry, op);
  const contentHash = content.digest('hex');
  return { changed: contentHash !== knownContent, fingerprint: `${statsHash} ${contentHash}` };
}

interface Found {
  /** Relative, with slashes; empty for the package itself. */
  readonly name: string;
  readonly facts: Stats;
}

function visit(root: string): Found[] {
  const found: Found[] = [];
  const enter = (name: string): void => {
    // `join` would take longer than all the rest of a warm start.
    const path = name === '' ? root : `${root}/${name}`;
    const facts = lstatSync(path);
    found.push({ name, facts });
    if (!facts.isDirectory()) return;
    for (const child of readdirSync(path).sort()) enter(name === '' ? child : `${name}/${child}`);
  };
  enter('');
  return found;
}

async function hashEntry(hash: Hash, root: string, { name, facts }: Found, op: Op | undefined): Promise<void> {
  op?.signal?.throwIfAborted();
  const path = join(root, name);
  const executable = (facts.mode & 0o100) !== 0 ? 'x' : '-';
  if (facts.isFile()) {
    const content = createHash('sha256');
    for await (const chunk of createReadStream(path)) content.update(chunk);
    hash.update(`${name}\0file ${executable} ${content.digest('hex')}\n`);
  } else if (facts.isSymbolicLink()) {
    hash.update(`${name}\0link ${readlinkSync(path)}\n`);
  } else {
    hash.update(`${name}\0${facts.isDirectory() ? 'directory' : 'other'}\n`);
  }
}
