import { constants } from 'node:fs';
import { coreError } from '../core-errors.ts';
import { errorCode } from '../files/durable.ts';
import { type FileSystem, openFlags } from '../files/file-system.ts';

/** A FIFO that somebody put in the place of a file must not make us wait for a writer. */
export const READ_NOW: number = openFlags.read | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a small regular file whole, never through a link. Undefined when there is none; `INSTALL_DAMAGED` when it is
 * something else than a file, or larger than `limit`.
 */
export function readRegularFile(
  fileSystem: FileSystem,
  path: string,
  what: string,
  limit: number,
): Uint8Array | undefined {
  let fd: number;
  try {
    fd = fileSystem.open(path, READ_NOW);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP') throw coreError('INSTALL_DAMAGED', `${what} is a link`, { cause: error });
    throw error;
  }
  try {
    const stats = fileSystem.stat(fd);
    if (!stats.isFile()) throw coreError('INSTALL_DAMAGED', `${what} is not a regular file`);
    if (stats.size > limit) {
      throw coreError('INSTALL_DAMAGED', `${what} has ${stats.size} bytes, more than ${limit}`, {
        details: { expected: limit, found: stats.size },
      });
    }
    const bytes = new Uint8Array(stats.size);
    let filled = 0;
    while (filled < bytes.length) {
      const count = fileSystem.read(fd, bytes.subarray(filled), filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  } finally {
    fileSystem.close(fd);
  }
}
