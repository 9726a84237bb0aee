import type { FileSystem } from '@gantry/core';

/**
 * A file system that does not wait for the disk: for tests that repeat a change a thousand times to see what a failing
 * call or a killed process leaves behind, where only a loss of power would tell the difference.
 */
export function unsyncedFileSystem(inner: FileSystem): FileSystem {
  return { ...inner, sync: () => {}, syncAsync: async () => {}, syncVolume: async () => true };
}
