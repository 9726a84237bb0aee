import { dirname } from 'node:path';
import { lockDrift, lockSource, type PluginRoot, readLock } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { declaredRequests, lockFileOf } from '../app/declared-plugins.ts';
import type { Settings } from '../app/settings.ts';
import { type Check, failed, ok } from './check.ts';

/** Whether gantry.yaml, its lock and what is installed agree. */
export async function checkLock(settings: Settings, root: PluginRoot, op: Op): Promise<Check[]> {
  const file = lockFileOf(settings);
  const requests = declaredRequests(settings, {});
  if (file === undefined || requests.length === 0) return [ok('lock', 'gantry.yaml declares no plugin')];
  try {
    const lock = readLock(file, op);
    if (lock === undefined) return [behind(`${file} is not there`)];
    const declared = requests.map((request) => ({
      name: request.name,
      source: lockSource(request, dirname(file), op),
    }));
    const drift = lockDrift(declared, lock);
    const installed = new Map((await root.list(op)).map((row) => [row.name, row.facts?.digest]));
    const missing = lock.plugins.flatMap(({ name, digest }) => {
      if (!declared.some((plugin) => plugin.name === name) || installed.get(name) === digest) return [];
      return [installed.has(name) ? `${name} is installed as another version than locked` : `${name} is not installed`];
    });
    const findings = [...drift, ...missing].map(behind);
    return findings.length > 0 ? findings : [ok('lock', `${file} and gantry.yaml agree, and all of it is installed`)];
  } catch (error) {
    return [failed('lock', error)];
  }
}

function behind(message: string): Check {
  return { check: 'lock', state: 'warning', message, hint: 'run gantry install' };
}
