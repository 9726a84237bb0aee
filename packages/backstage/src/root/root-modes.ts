import { openFlags } from '@gantry/core';
import type { RootContext } from './root-context.ts';

/** The modes of what is put into a root: as its own mode asks for (OpenShift: random uid, group 0). */
export interface RootModes {
  readonly groupWritable: boolean;
  readonly directory: number;
  readonly file: number;
  /** Of staging: an installer with another uid of the group must be able to sweep it. */
  readonly staging: number;
}

/** What the root's own mode asks for. */
export function rootModes({ fileSystem, directory }: RootContext): RootModes {
  const groupWritable = ((fileSystem.lstat(directory)?.mode ?? 0) & 0o020) !== 0;
  return groupWritable
    ? { groupWritable, directory: 0o775, file: 0o664, staging: 0o770 }
    : { groupWritable, directory: 0o755, file: 0o644, staging: 0o700 };
}

/** Gives a directory exactly this mode, whatever the umask took from it. */
export function setDirectoryMode({ fileSystem }: RootContext, path: string, mode: number): void {
  if (process.platform === 'win32') return;
  const fd = fileSystem.open(path, openFlags.directory);
  try {
    fileSystem.chmod(fd, mode);
  } finally {
    fileSystem.close(fd);
  }
}
