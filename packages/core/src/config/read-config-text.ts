import { statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';
import { errorCode } from '../files/durable.ts';

/**
 * The text of a configuration file, which may be a pipe; undefined when there is none. Throws `CONFIG_UNREADABLE`, and
 * `CONFIG_INVALID` when it is longer than `configBytes` or not UTF-8.
 */
export async function readConfigText(file: string, op?: Op): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    if (statSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
    // Loaded only for a file that is there: mostly there is none.
    const { open } = await import('node:fs/promises');
    handle = await open(file, 'r');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw unreadable(file, error);
  }
  try {
    return decode(file, await readUpTo(handle, coreLimits(op, 'configBytes'), file));
  } catch (error) {
    if (errorCode(error)?.startsWith('E') && !errorCode(error)?.startsWith('ERR_')) throw unreadable(file, error);
    throw error;
  } finally {
    await handle.close();
  }
}

async function readUpTo(handle: FileHandle, limit: number, file: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of handle.createReadStream({ autoClose: false })) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit) {
      throw coreError('CONFIG_INVALID', `${file}: more than ${limit} bytes`, { details: { limit: 'configBytes' } });
    }
  }
  return Buffer.concat(chunks);
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw coreError('CONFIG_INVALID', `${file}: not UTF-8`, { cause });
  }
}

function unreadable(file: string, cause: unknown): Error {
  return coreError('CONFIG_UNREADABLE', `${file}: it cannot be read (${errorCode(cause)})`, {
    cause,
    details: { file },
  });
}
