import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  fsync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  read as readWithCallback,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
  write as writeWithCallback,
} from 'node:fs';
import { syncVolume } from './sync-volume.ts';

/**
 * Everything that the store, the archive reader and the plugin root need from a file system, small enough to be replaced
 * by one that fails at call k, forgets what was not synced, or stops the process at a named point.
 *
 * Calls on names are synchronous (each is a few microseconds, and a thread does nothing else meanwhile); reading, writing
 * and syncing of data exist in both forms: synchronous for worker threads, asynchronous for the main thread. Errors are
 * those of `node:fs`, with their `code`.
 */
export interface FileSystem {
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): void;
  /** Reads up to `into.length` bytes at `position`; 0 at the end of the file. */
  read(fd: number, into: Uint8Array, position: number): number;
  readAsync(fd: number, into: Uint8Array, position: number): Promise<number>;
  /** Appends all of `bytes` at the current position. */
  write(fd: number, bytes: Uint8Array): void;
  writeAsync(fd: number, bytes: Uint8Array): Promise<void>;
  /** Makes the data and the size of a file, or the names in a directory, survive a loss of power. */
  sync(fd: number): void;
  syncAsync(fd: number): Promise<void>;
  /** Makes everything on the file system that holds `path` durable at once; false where that cannot be done. */
  syncVolume(path: string): Promise<boolean>;
  stat(fd: number): Stats;
  /** Does not follow a link in the last segment; undefined when there is nothing. */
  lstat(path: string): Stats | undefined;
  chmod(fd: number, mode: number): void;
  /** Sets the modification time, milliseconds since 1970. */
  touch(path: string, time: number): void;
  mkdir(path: string, mode: number): void;
  /** Names in a directory, in no order. */
  list(path: string): string[];
  rename(from: string, to: string): void;
  link(existing: string, path: string): void;
  symlink(target: string, path: string): void;
  readlink(path: string): string;
  /** Copies a file; the copy must not exist. */
  copy(from: string, to: string): void;
  unlink(path: string): void;
  rmdir(path: string): void;
  /** Removes a directory with everything in it, never following a link; nothing there is no error. */
  removeTree(path: string): void;
  realpath(path: string): string;
  /** Called at each named point at which a kill must leave the old or the new state. Does nothing by default. */
  reached(point: string): void;
}

/** Flags for {@link FileSystem.open}. Nothing is ever opened through a link, and nothing existing is opened for writing. */
export const openFlags: { readonly read: number; readonly create: number; readonly directory: number } = {
  read: constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0),
  create: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0),
  directory: constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0),
};

/** The file system of this machine. */
export const systemFileSystem: FileSystem = {
  open: (path, flags, mode) => openSync(path, flags, mode),
  close: (fd) => closeSync(fd),
  read: (fd, into, position) => readSync(fd, into, 0, into.length, position),
  readAsync: (fd, into, position) =>
    new Promise((resolve, reject) => {
      readWithCallback(fd, into, 0, into.length, position, (error, count) => (error ? reject(error) : resolve(count)));
    }),
  write: (fd, bytes) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
  },
  writeAsync: (fd, bytes) =>
    new Promise((resolve, reject) => {
      const next = (done: number): void => {
        if (done === bytes.length) {
          resolve();
          return;
        }
        writeWithCallback(fd, bytes, done, bytes.length - done, null, (error, count) => {
          if (error) reject(error);
          else next(done + count);
        });
      };
      next(0);
    }),
  sync: (fd) => fsyncSync(fd),
  syncAsync: (fd) => new Promise((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve()))),
  syncVolume,
  stat: (fd) => fstatSync(fd),
  lstat: (path) => lstatSync(path, { throwIfNoEntry: false }),
  chmod: (fd, mode) => fchmodSync(fd, mode),
  touch: (path, time) => utimesSync(path, time / 1000, time / 1000),
  mkdir: (path, mode) => void mkdirSync(path, { mode }),
  list: (path) => readdirSync(path),
  rename: (from, to) => renameSync(from, to),
  link: (existing, path) => linkSync(existing, path),
  symlink: (target, path) => symlinkSync(target, path),
  readlink: (path) => readlinkSync(path),
  copy: (from, to) => copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
  unlink: (path) => unlinkSync(path),
  rmdir: (path) => rmdirSync(path),
  removeTree: (path) => rmSync(path, { recursive: true, force: true }),
  realpath: (path) => realpathSync(path),
  reached: () => {},
};
