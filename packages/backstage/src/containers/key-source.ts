import { resolve } from 'node:path';
import type { Op } from '@gantry/oci';
import { containersFault } from './containers-fault.ts';
import type { KeySource } from './policy.ts';
import { readContainersBytes } from './read-containers-file.ts';

/** What a key is called in messages. */
export function keySourceName(source: KeySource): string {
  return 'path' in source ? source.path : source.name;
}

/** The bytes of a key. Throws `CONFIG_CONTAINERS` when its file cannot be read. */
export function readKeySource(source: KeySource, op?: Op): Buffer {
  if ('data' in source) return source.data;
  const bytes = readContainersBytes(resolve(source.path), op);
  if (bytes === undefined) throw containersFault(source.path, 'there is no such file, and policy.json names it');
  return bytes;
}
