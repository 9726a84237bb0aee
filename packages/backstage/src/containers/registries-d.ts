import { join } from 'node:path';
import { isGantryError, type Op, type RegistryReference } from '@gantry/oci';
import { type PlainObject, type PlainValue, plainValue } from '../yaml/plain-value.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import { containersFault } from './containers-fault.ts';
import type { ContainersPlaces } from './containers-places.ts';
import { imageScopes } from './image-scopes.ts';
import { listContainersFiles, readContainersFile } from './read-containers-file.ts';

/** What registries.d says about one scope: where signatures are read. */
interface Section {
  readonly file: string;
  readonly lookaside: string | undefined;
}

/** registries.d, all files together. */
export interface LookasideConf {
  readonly byScope: ReadonlyMap<string, Section>;
  readonly fallback: Section | undefined;
}

/**
 * Reads the user's registries.d, else the system's (containers-registries.d(5)). Throws `CONFIG_CONTAINERS`, also when two files
 * are about one scope.
 */
export function loadLookasideConf({ user, system }: ContainersPlaces, op?: Op): LookasideConf {
  const files =
    listContainersFiles(join(user, 'registries.d'), '.yaml') ??
    listContainersFiles(join(system, 'registries.d'), '.yaml') ??
    [];
  const byScope = new Map<string, Section>();
  let fallback: Section | undefined;
  for (const file of files) {
    const root = asMap(parseYaml(readContainersFile(file, op) ?? '', file, op), file, 'the file') ?? {};
    const common = asMap(root['default-docker'], file, 'default-docker');
    if (common !== undefined) {
      if (fallback !== undefined) throw twice(file, fallback.file, 'default-docker');
      fallback = section(common, file, 'default-docker');
    }
    for (const [scope, value] of Object.entries(asMap(root['docker'], file, 'docker') ?? {})) {
      const before = byScope.get(scope);
      if (before !== undefined) throw twice(file, before.file, scope);
      byScope.set(scope, section(asMap(value, file, scope) ?? {}, file, scope));
    }
  }
  return { byScope, fallback };
}

/** The lookaside of an image: that of the narrowest scope that has one, and the file that says so. Undefined: none does. */
export function lookasideOf(
  { byScope, fallback }: LookasideConf,
  image: RegistryReference,
): { readonly url: string; readonly file: string } | undefined {
  for (const found of [...imageScopes(image).map((scope) => byScope.get(scope)), fallback]) {
    if (found?.lookaside !== undefined) return { url: found.lookaside, file: found.file };
  }
  return undefined;
}

function parseYaml(text: string, file: string, op?: Op): PlainValue {
  try {
    const { value } = readYaml(text, file, op);
    return value === undefined ? null : plainValue(value);
  } catch (cause) {
    if (!isGantryError(cause)) throw cause;
    const { line } = cause.details;
    const problem = cause.message.replace(/^.*?:[0-9]+: /s, '');
    throw containersFault(file, problem, { line: typeof line === 'number' ? line : undefined, cause });
  }
}

function section(fields: PlainObject, file: string, scope: string): Section {
  const text = (key: string): string | undefined => {
    const value = fields[key] ?? '';
    if (typeof value !== 'string') throw containersFault(file, `${key} of ${scope} is not a text`);
    return value === '' ? undefined : value;
  };
  return { file, lookaside: text('lookaside') ?? text('sigstore') };
}

function asMap(value: PlainValue | undefined, file: string, what: string): PlainObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object' && !isList(value)) return value;
  throw containersFault(file, `${what} is not a map`);
}

function isList(value: readonly PlainValue[] | PlainObject): value is readonly PlainValue[] {
  return Array.isArray(value);
}

function twice(file: string, before: string, scope: string): Error {
  return containersFault(file, `${scope} is there already in ${before}`);
}
