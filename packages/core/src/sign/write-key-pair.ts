import { coreError } from '../core-errors.ts';
import { errorCode, publishFile, removeQuietly } from '../files/durable.ts';
import { type FileSystem, openFlags, systemFileSystem } from '../files/file-system.ts';
import type { KeyPair } from './key-pair.ts';

/** Where the two files of a key pair are. */
export interface KeyFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** How {@link writeKeyPair} writes. */
export interface WriteKeyOptions {
  /** Replaces files that are there. */
  readonly force?: boolean;
  readonly fileSystem?: FileSystem;
}

const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/**
 * Writes `PREFIX.key`, which only its owner may read, and `PREFIX.pub`. Without `force` a file that is there, or a link, is
 * left alone and nothing is written. Throws `CONFIG_KEY_EXISTS` and `CONFIG_UNREADABLE`.
 */
export function writeKeyPair(prefix: string, pair: KeyPair, options: WriteKeyOptions = {}): KeyFiles {
  const { force = false, fileSystem = systemFileSystem } = options;
  const files = { privateKey: `${prefix}.key`, publicKey: `${prefix}.pub` };
  const write = force ? publishFile : createFile;
  named(files.privateKey, () => write(fileSystem, files.privateKey, Buffer.from(pair.privateKey), PRIVATE_MODE));
  try {
    named(files.publicKey, () => write(fileSystem, files.publicKey, Buffer.from(pair.publicKey), PUBLIC_MODE));
  } catch (error) {
    if (!force) removeQuietly(fileSystem, files.privateKey);
    throw error;
  }
  return files;
}

/** Writes a file that must not be there yet, with its mode whatever the umask; on failure nothing is left behind. */
function createFile(fileSystem: FileSystem, path: string, bytes: Uint8Array, mode: number): void {
  const fd = fileSystem.open(path, openFlags.create, mode);
  try {
    try {
      fileSystem.write(fd, bytes);
      if (process.platform !== 'win32') fileSystem.chmod(fd, mode);
      fileSystem.sync(fd);
    } finally {
      fileSystem.close(fd);
    }
  } catch (error) {
    removeQuietly(fileSystem, path);
    throw error;
  }
}

function named(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    const code = errorCode(cause);
    if (code === undefined) throw cause;
    const details = { file: path, code };
    if (code === 'EEXIST') throw coreError('CONFIG_KEY_EXISTS', `${path} is there already`, { cause, details });
    throw coreError('CONFIG_UNREADABLE', `${path}: cannot be written (${code})`, { cause, details });
  }
}
