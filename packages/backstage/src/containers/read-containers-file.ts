import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, readNamedFile, systemFileSystem } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import { containersFault } from './containers-fault.ts';

const ABSENT = ['ENOENT', 'ENOTDIR'];

/** The bytes of a file; undefined when there is none. Throws `CONFIG_CONTAINERS`. */
export function readContainersBytes(file: string, op?: Op): Buffer | undefined {
  // Named to switch a file off.
  if (file === '/dev/null') return Buffer.alloc(0);
  try {
    return readNamedFile(systemFileSystem, file, backstageLimits(op, 'containersFileBytes'));
  } catch (cause) {
    const code = errorCode(cause);
    if (code !== undefined && ABSENT.includes(code)) return undefined;
    throw containersFault(file, `cannot be read: ${cause instanceof RangeError ? cause.message : code}`, { cause });
  }
}

/** The text of a file; undefined when there is none. Throws `CONFIG_CONTAINERS`. */
export function readContainersFile(file: string, op?: Op): string | undefined {
  const bytes = readContainersBytes(file, op);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw containersFault(file, 'cannot be read: it is not UTF-8', { cause });
  }
}

/** The files of a directory with an ending, sorted by name; undefined when there is no directory. Throws `CONFIG_CONTAINERS`. */
export function listContainersFiles(directory: string, ending: string): readonly string[] | undefined {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.name.endsWith(ending) && !entry.isDirectory())
      .map(({ name }) => join(directory, name))
      .sort();
  } catch (cause) {
    const code = errorCode(cause);
    if (code !== undefined && ABSENT.includes(code)) return undefined;
    throw containersFault(directory, `cannot be read: ${code ?? 'unknown'}`, { cause });
  }
}
