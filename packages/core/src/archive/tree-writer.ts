import { createHash, type Hash, hash } from 'node:crypto';
import { join } from 'node:path';
import type { Digest } from '@gantry/oci';
import { errorCode } from '../files/durable.ts';
import { type FileSystem, openFlags } from '../files/file-system.ts';
import { entryFault, stagingFault } from './archive-fault.ts';

/** Writes directories and files below a fresh private directory that holds no link, so no write goes through one. */
export interface TreeWriter {
  directory(path: string): void;
  /** Starts a file; exactly one is open at a time. */
  begin(path: string, executable: boolean): void;
  write(chunk: Buffer): void;
  /** Ends the file: its digest, hashed while it was written. */
  end(): Digest;
  /** Closes what is open. The files are not synced. */
  close(): void;
}

/** Permissions of what is published: ours, never the archive's. */
export interface PublishedModes {
  readonly directory: number;
  readonly file: number;
  readonly executable: number;
}

/** 0755 and 0644, with group write where the receiving root is shared by a group. */
export function publishedModes(groupWritable: boolean): PublishedModes {
  return groupWritable
    ? { directory: 0o775, file: 0o664, executable: 0o775 }
    : { directory: 0o755, file: 0o644, executable: 0o755 };
}

/** Writes below `root`, which exists and is ours alone. Throws `ARCHIVE_COLLISION`, `STORE_FULL`, `INSTALL_IO`. */
export function createTreeWriter(fileSystem: FileSystem, root: string, modes: PublishedModes): TreeWriter {
  let fd: number | undefined;
  let hasher: Hash | undefined;
  let first: Buffer | undefined;
  const setsModes = umaskInterferes(modes);

  const guard = <T>(path: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      // The registry of names has not seen it, so the file system takes it for a name that it has seen.
      if (errorCode(error) === 'EEXIST') {
        throw entryFault('ARCHIVE_COLLISION', path, 'is the same file as another entry on this file system');
      }
      throw stagingFault(error);
    }
  };
  const closeFile = (): void => {
    if (fd === undefined) return;
    const open = fd;
    fd = undefined;
    fileSystem.close(open);
  };

  return {
    directory: (path) =>
      guard(path, () => {
        const full = join(root, path);
        fileSystem.mkdir(full, modes.directory);
        if (!setsModes) return;
        const opened = fileSystem.open(full, openFlags.directory);
        try {
          fileSystem.chmod(opened, modes.directory);
        } finally {
          fileSystem.close(opened);
        }
      }),
    begin: (path, executable) =>
      guard(path, () => {
        const mode = executable ? modes.executable : modes.file;
        fd = fileSystem.open(join(root, path), openFlags.create, mode);
        if (setsModes) fileSystem.chmod(fd, mode);
        hasher = undefined;
        first = undefined;
      }),
    write: (chunk) => {
      const open = fd;
      if (open === undefined) return;
      guard('', () => fileSystem.write(open, chunk));
      if (first === undefined && hasher === undefined) {
        first = chunk;
        return;
      }
      if (hasher === undefined) {
        hasher = createHash('sha256');
        if (first !== undefined) hasher.update(first);
        first = undefined;
      }
      hasher.update(chunk);
    },
    end: () => {
      guard('', closeFile);
      // One call for the many small files that came in one piece; a hash object costs more than their content.
      return `sha256:${hasher?.digest('hex') ?? hash('sha256', first ?? Buffer.alloc(0), 'hex')}`;
    },
    close: () => {
      try {
        closeFile();
      } catch {
        // What made us stop is the error to report.
      }
    },
  };
}

/** Setting modes costs a call for each file, so it is done only under a umask that takes from them. */
function umaskInterferes(modes: PublishedModes): boolean {
  if (process.platform === 'win32') return false;
  return (process.umask() & (modes.directory | modes.file)) !== 0;
}
