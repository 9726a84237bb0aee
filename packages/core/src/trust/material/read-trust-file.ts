import { coreError } from '../../core-errors.ts';
import { errorCode } from '../../files/durable.ts';
import { type FileSystem, systemFileSystem } from '../../files/file-system.ts';
import { readNamedFile } from '../../files/read-named-file.ts';

/** Reads a key, certificate or trust root that the user named. Throws `CONFIG_PATH_UNREADABLE`. */
export function readTrustFile(path: string, limit: number, fileSystem: FileSystem = systemFileSystem): Buffer {
  try {
    return readNamedFile(fileSystem, path, limit);
  } catch (cause) {
    const code = errorCode(cause);
    if (code === undefined && !(cause instanceof RangeError)) throw cause;
    const why =
      cause instanceof RangeError
        ? cause.message
        : code === 'ENOENT'
          ? 'there is no such file'
          : `it cannot be read (${code})`;
    throw coreError('CONFIG_PATH_UNREADABLE', `${path}: ${why}`, { cause, details: { path } });
  }
}
