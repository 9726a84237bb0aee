import { createReadStream, createWriteStream, lstatSync, readdirSync, realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { createHasher, type Descriptor, type Digest, MediaType, type Op } from '@gantry/oci';
import { pack as createTar, type Pack } from 'tar-stream';
import { coreError } from '../core-errors.ts';
import { hashFile } from '../files/hash-file.ts';
import { whileReading } from './unreadable.ts';

/** A directory as a tar+gzip archive in a temporary file. */
export interface PackedDirectory {
  readonly descriptor: Descriptor;
  /** Digest of the archive before compression, as the config of an image lists it. */
  readonly diffId: Digest;
  content(): AsyncIterable<Uint8Array>;
  /** Removes the temporary file. */
  dispose(): Promise<void>;
}

/** One file or directory below the packed one. */
interface Entry {
  /** With slashes; directories end in one. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly executable: boolean;
}

/**
 * Packs a directory. The archive depends on names, contents and executable bits only: entries are sorted by their bytes,
 * owner is 0, modes are 0644 and 0755, times are 1970. Links and special files are refused. Every name in it is below
 * `prefix`; with an empty one the directory itself has no entry.
 */
export async function packDirectory(directory: string, prefix: string, op?: Op): Promise<PackedDirectory> {
  const entries = await whileReading(directory, () => entriesBelow(realpathSync(directory), prefix));
  const temporary = await mkdtemp(join(tmpdir(), 'gantry-pack-'));
  const dispose = (): Promise<void> => rm(temporary, { recursive: true, force: true });
  try {
    const archive = join(temporary, 'layer.tar.gz');
    const tar = createTar();
    const hasher = createHasher();
    const hashed = new Transform({
      transform: (chunk: Uint8Array, _encoding, done) => {
        hasher.update(chunk);
        done(null, chunk);
      },
    });
    const written = pipeline(tar, hashed, createGzip(), createWriteStream(archive), {
      ...(op?.signal && { signal: op.signal }),
    });
    await Promise.all([written, addAll(tar, entries)]);
    const descriptor = { mediaType: MediaType.layerTarGzip, ...(await hashFile(archive, 'sha256', op)) };
    return { descriptor, diffId: hasher.digest(), content: () => createReadStream(archive), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function addAll(tar: Pack, entries: readonly Entry[]): Promise<void> {
  try {
    for (const entry of entries) await whileReading(entry.path, () => add(tar, entry));
    tar.finalize();
  } catch (error) {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

async function add(tar: Pack, { name, path, size, executable }: Entry): Promise<void> {
  const directory = name.endsWith('/');
  const header = { name, size, mode: executable ? 0o755 : 0o644, mtime: new Date(0), uid: 0, gid: 0 };
  if (directory) {
    tar.entry({ ...header, type: 'directory' });
    return;
  }
  const sink = tar.entry({ ...header, type: 'file' });
  // A file that grew or shrank since it was listed makes tar-stream fail: the archive would not be what it says.
  await pipeline(createReadStream(path), sink);
}

function entriesBelow(directory: string, prefix: string): Entry[] {
  const found: Entry[] = [];
  const visit = (path: string, name: string): void => {
    const facts = lstatSync(path);
    if (facts.isDirectory()) {
      if (name !== '') found.push({ name: `${name}/`, path, size: 0, executable: true });
      for (const child of readdirSync(path)) visit(join(path, child), name === '' ? child : `${name}/${child}`);
    } else if (facts.isFile()) {
      found.push({ name, path, size: facts.size, executable: (facts.mode & 0o100) !== 0 });
    } else if (facts.isSymbolicLink()) {
      throw coreError('ARCHIVE_UNSAFE_LINK', `${path}: is a link, which is not published`, { details: { path } });
    } else {
      throw coreError('ARCHIVE_UNSAFE_ENTRY', `${path}: is not a file or directory`, { details: { path } });
    }
  };
  visit(directory, prefix);
  return found.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}
