import { type Op, ociError } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { entryFault, formatFault, limitFault } from './archive-fault.ts';
import { checkGlobalHeader, readLongName, readPaxRecords, type TarExtension } from './tar-extension.ts';
import { BLOCK, hasTarMagic, readTarHeader, type TarHeader } from './tar-header.ts';

/** One entry, extension headers applied. Names are as in the archive: nothing about them is checked yet. */
export interface TarEntry {
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink';
  readonly name: string;
  readonly linkName: string;
  readonly size: number;
  readonly ownerExecutes: boolean;
}

/** Receives an archive in order: `entry`, for a file then `data` any number of times, then `end`. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  data(chunk: Buffer): void;
  end(): void;
}

/** A strict reader of tar, fed with chunks of any size. */
export interface TarReader {
  push(chunk: Buffer): void;
  /** Throws `ARCHIVE_INVALID` unless the archive ended properly. */
  finish(): void;
}

const TYPES: Readonly<Record<string, TarEntry['type']>> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
};
const SPECIAL: Readonly<Record<string, string>> = { '3': 'character device', '4': 'block device', '6': 'FIFO' };
const EXTENSIONS = 'xgLK';

/**
 * Reads the part of tar that every reader understands alike: ustar, PAX names, GNU long names and base-256 sizes.
 * Everything else is refused, not interpreted: sparse files, global headers, a second size, joined archives, a missing end.
 * Throws `ARCHIVE_INVALID`, `ARCHIVE_UNSAFE_ENTRY`, `ARCHIVE_LIMIT`, and `CONTENT_TYPE_MISMATCH` when it is no tar at all.
 */
export function createTarReader(handler: TarHandler, op?: Op): TarReader {
  const headerLimit = coreLimits(op, 'archiveHeaderBytes');
  const entryLimit = coreLimits(op, 'archiveEntryBytes');
  const partial = Buffer.alloc(BLOCK);
  let partialLength = 0;
  let state: 'header' | 'content' | 'extension' | 'padding' | 'ended' = 'header';
  let remaining = 0;
  let padding = 0;
  let zeroBlocks = 0;
  let surplus = 0;
  let headers = 0;
  let extensionType = '';
  let extensionParts: Buffer[] = [];
  let pax: TarExtension | undefined;
  let longName: string | undefined;
  let longLink: string | undefined;

  const header = (block: Buffer): void => {
    if (block[0] === 0 && isZero(block)) {
      if (pax !== undefined || longName !== undefined || longLink !== undefined) {
        throw formatFault('an extension header has no entry behind it');
      }
      zeroBlocks += 1;
      if (zeroBlocks === 2) state = 'ended';
      return;
    }
    if (zeroBlocks > 0) throw formatFault('there is something behind the end of the archive');
    if (headers === 0 && !hasTarMagic(block)) {
      throw notTar();
    }
    headers += 1;
    const read = readTarHeader(block);
    padding = (BLOCK - (read.size % BLOCK)) % BLOCK;
    remaining = read.size;
    if (EXTENSIONS.includes(read.type)) startExtension(read);
    else startEntry(read);
  };

  const startExtension = (read: TarHeader): void => {
    if (read.size > headerLimit) throw limitFault('archiveHeaderBytes', headerLimit, read.size);
    const long = read.type === 'L' ? longName : read.type === 'K' ? longLink : undefined;
    if (long !== undefined || pax !== undefined || ('xg'.includes(read.type) && (longName ?? longLink) !== undefined)) {
      throw formatFault('an entry has several extension headers of one kind');
    }
    extensionType = read.type;
    extensionParts = [];
    state = 'extension';
    if (remaining === 0) endExtension();
  };

  const endExtension = (): void => {
    const [only] = extensionParts;
    const bytes = extensionParts.length === 1 && only !== undefined ? only : Buffer.concat(extensionParts);
    extensionParts = [];
    if (extensionType === 'x') pax = readPaxRecords(bytes);
    else if (extensionType === 'g') checkGlobalHeader(bytes);
    else if (extensionType === 'L') longName = readLongName(bytes);
    else longLink = readLongName(bytes);
    afterContent();
  };

  const startEntry = (read: TarHeader): void => {
    const name = pax?.path ?? longName ?? read.name();
    const type = TYPES[read.type];
    if (type === undefined) throw unknownType(read.type, name);
    if (pax?.size !== undefined && pax.size !== read.size) {
      throw entryFault('ARCHIVE_INVALID', name, 'has two different sizes');
    }
    if (type !== 'file' && read.size !== 0) throw entryFault('ARCHIVE_INVALID', name, `a ${type} has content`);
    if (read.size > entryLimit) throw limitFault('archiveEntryBytes', entryLimit, read.size, name);
    const link = type === 'symlink' || type === 'hardlink';
    const linkName = link ? (pax?.linkPath ?? longLink ?? read.linkName()) : '';
    pax = undefined;
    longName = undefined;
    longLink = undefined;
    handler.entry({ type, name, linkName, size: read.size, ownerExecutes: read.ownerExecutes });
    if (type !== 'file') return;
    state = 'content';
    if (remaining === 0) endContent();
  };

  const endContent = (): void => {
    handler.end();
    afterContent();
  };

  const afterContent = (): void => {
    state = padding === 0 ? 'header' : 'padding';
    remaining = padding;
  };

  return {
    push: (chunk) => {
      let at = 0;
      while (at < chunk.length) {
        if (state === 'header') {
          if (partialLength === 0 && chunk.length - at >= BLOCK) {
            header(chunk.subarray(at, at + BLOCK));
            at += BLOCK;
            continue;
          }
          const taken = Math.min(BLOCK - partialLength, chunk.length - at);
          chunk.copy(partial, partialLength, at, at + taken);
          partialLength += taken;
          at += taken;
          if (partialLength < BLOCK) return;
          partialLength = 0;
          header(partial);
          continue;
        }
        if (state === 'ended') {
          surplus = (surplus + chunk.length - at) % BLOCK;
          if (!isZero(chunk.subarray(at))) throw formatFault('there is something behind the end of the archive');
          return;
        }
        const taken = Math.min(remaining, chunk.length - at);
        remaining -= taken;
        if (state === 'padding' && !isZero(chunk.subarray(at, at + taken))) {
          throw formatFault('there is something in the padding behind a file');
        }
        if (state === 'content') handler.data(chunk.subarray(at, at + taken));
        else if (state === 'extension') extensionParts.push(Buffer.from(chunk.subarray(at, at + taken)));
        at += taken;
        if (remaining > 0) return;
        if (state === 'content') endContent();
        else if (state === 'extension') endExtension();
        else state = 'header';
      }
    },
    finish: () => {
      if (headers === 0 && zeroBlocks === 0) throw notTar();
      if (state !== 'ended') throw formatFault('the archive is truncated: its end is missing');
      if (surplus !== 0) throw formatFault('the archive does not end with a whole block');
    },
  };
}

function notTar(): Error {
  return ociError('CONTENT_TYPE_MISMATCH', 'the content is not a tar archive');
}

function unknownType(type: string, name: string): Error {
  const special = SPECIAL[type];
  if (special !== undefined) return entryFault('ARCHIVE_UNSAFE_ENTRY', name, `is a ${special}`, { found: special });
  return entryFault('ARCHIVE_INVALID', name, `has a type that is not accepted (${JSON.stringify(type)})`);
}

const ZEROS = Buffer.alloc(64 * 1024);

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (ZEROS.compare(part, 0, part.length, 0, part.length) !== 0) return false;
  }
  return true;
}
