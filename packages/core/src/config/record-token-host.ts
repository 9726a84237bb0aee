import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { errorCode, publishFile } from '../files/durable.ts';
import { systemFileSystem } from '../files/file-system.ts';
import { readConfigText } from './read-config-text.ts';

/**
 * Adds a host to `registries.REGISTRY.tokenHosts` of a configuration file, which is made when it is absent: everything
 * else in it, comments included, stays as it is. The file is replaced as a whole; it keeps its mode. Nothing happens when
 * the host is there already. Throws `CONFIG_UNREADABLE`, and `CONFIG_INVALID` when it is not YAML.
 */
export async function recordTokenHost(file: string, registry: string, tokenHost: string, op?: Op): Promise<void> {
  const { isSeq, parseDocument } = await import('yaml');
  const document = parseDocument((await readConfigText(file, op)) ?? 'schemaVersion: 1\n', { version: '1.2' });
  if (document.errors.length > 0) throw coreError('CONFIG_INVALID', `${file}: is not YAML`, { details: { file } });
  const path = ['registries', registry, 'tokenHosts'];
  const hosts = document.getIn(path);
  if (!isSeq(hosts)) document.setIn(path, document.createNode([tokenHost], { flow: true }));
  else if (!hosts.toJSON().includes(tokenHost)) hosts.add(tokenHost);
  else return;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    publishFile(systemFileSystem, file, new TextEncoder().encode(document.toString()), modeOf(file));
  } catch (cause) {
    const code = errorCode(cause);
    if (code === undefined) throw cause;
    throw coreError('CONFIG_UNREADABLE', `${file}: cannot be written (${code})`, { cause, details: { file, code } });
  }
}

function modeOf(file: string): number {
  return (statSync(file, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777;
}
