import { constants } from 'node:fs';
import type { FileSystem } from './file-system.ts';

/** Links are followed: the user named the file, and mounted secrets are links. A FIFO must not make us wait. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a small regular file that the user named. Throws the file system's error, and a `RangeError` when it is no regular
 * file or has more than `limit` bytes.
 */
export function readNamedFile(fileSystem: FileSystem, path: string, limit: number): Buffer {
  const fd = fileSystem.open(path, FLAGS);
  try {
    const stats = fileSystem.stat(fd);
    if (!stats.isFile()) throw new RangeError('it is not a regular file');
    // One byte more than is allowed tells a file that grew meanwhile.
    const bytes = Buffer.alloc(Math.min(stats.size, limit) + 1);
    let filled = 0;
    for (let count = -1; count !== 0 && filled < bytes.length; filled += count) {
      count = fileSystem.read(fd, bytes.subarray(filled), filled);
    }
    if (filled > limit) throw new RangeError(`it has more than ${limit} bytes`);
    if (filled === bytes.length) throw new RangeError('it grew while it was read');
    return bytes.subarray(0, filled);
  } finally {
    fileSystem.close(fd);
  }
}
