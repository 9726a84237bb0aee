import {
  type Digest,
  escapeRemote,
  isDigest,
  isGantryError,
  type JsonObject,
  type JsonValue,
  type Op,
  parseJson,
} from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';
import { isPluginName } from '../plugin/plugin-name.ts';
import { type JsonPath, lineAt, lineOfPath } from './json-line.ts';
import type { Lock, LockEntry, LockedPlatform } from './lock-file.ts';

const VERSION = 1;
const ENTRY_KEYS: readonly string[] = ['digest', 'evidence', 'name', 'platforms', 'signer', 'size', 'source'];
const PLATFORM_KEYS: readonly string[] = ['digest', 'platform', 'size'];
const CONFLICT_MARKER = /^(?:<{7}|={7}|>{7}|\|{7})(?: |\r?$)/m;

/** The start of every field and element: what it is, and where. */
interface At {
  readonly value: JsonValue | undefined;
  readonly path: JsonPath;
}

/** Says what is wrong at a path. */
type Refuse = (path: JsonPath, problem: string) => Error;

/**
 * Reads a lock strictly. Throws `CONFIG_LOCK_INVALID` with file and line, and `CONFIG_VERSION` for a lock of a newer
 * Gantry. `file` is for messages.
 */
export function parseLock(file: string, bytes: Uint8Array, op?: Op): Lock {
  const text = decode(file, bytes);
  const refuse: Refuse = (path, problem) => lockInvalid(file, lineOfPath(text, path), `${shown(path)}${problem}`);
  const conflict = CONFLICT_MARKER.exec(text);
  if (conflict !== null) {
    throw lockInvalid(file, lineAt(text, conflict.index), 'it has the markers of a merge conflict', {
      hint: 'keep either side, then run gantry install',
    });
  }
  const document = object({ value: parse(file, text, op), path: [] }, refuse);
  checkVersion(file, document, refuse);
  onlyKeys(document, ['plugins', 'schemaVersion'], [], refuse);
  const plugins = elements({ value: document['plugins'], path: ['plugins'] }, refuse).map((at) =>
    parseEntry(at, refuse),
  );
  const names = plugins.map(({ name }) => name.toLowerCase());
  const second = names.findIndex((name, index) => names.indexOf(name) < index);
  if (second >= 0) throw refuse(['plugins', second, 'name'], 'it is there twice');
  return { plugins };
}

/** A `CONFIG_LOCK_INVALID` about a line of a lock. */
function lockInvalid(file: string, line: number, problem: string, more: { readonly hint?: string } = {}): Error {
  return coreError('CONFIG_LOCK_INVALID', `${file}:${line}: ${problem}`, { ...more, details: { file, line } });
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw coreError('CONFIG_LOCK_INVALID', `${file}: not UTF-8`, { cause, details: { file } });
  }
}

function parse(file: string, text: string, op?: Op): JsonValue {
  try {
    return parseJson(text, { limits: { ...op?.limits, manifestBytes: coreLimits(op, 'lockBytes') } });
  } catch (cause) {
    if (!isGantryError(cause)) throw cause;
    const { offset } = cause.details;
    throw coreError(
      'CONFIG_LOCK_INVALID',
      typeof offset === 'number' ? `${file}:${lineAt(text, offset)}: ${cause.message}` : `${file}: ${cause.message}`,
      { cause, details: { file } },
    );
  }
}

/** A newer version is told before anything that it may have that this Gantry does not know. */
function checkVersion(file: string, document: JsonObject, refuse: Refuse): void {
  const version = document['schemaVersion'];
  if (version === VERSION) return;
  if (typeof version === 'number' && version > VERSION) {
    throw coreError('CONFIG_VERSION', `${file}: schemaVersion ${version}, this Gantry knows ${VERSION}`, {
      details: { file, found: version, expected: VERSION },
    });
  }
  throw refuse(['schemaVersion'], `expected ${VERSION}`);
}

function parseEntry(at: At, refuse: Refuse): LockEntry {
  const fields = object(at, refuse);
  onlyKeys(fields, ENTRY_KEYS, at.path, refuse);
  const field = (key: string): At => ({ value: fields[key], path: [...at.path, key] });
  const name = text(field('name'), refuse);
  if (!isPluginName(name)) throw refuse([...at.path, 'name'], 'expected the name of a plugin');
  return {
    name,
    source: text(field('source'), refuse),
    digest: digest(field('digest'), refuse),
    size: integer(field('size'), refuse),
    platforms: elements(field('platforms'), refuse).map((item) => parsePlatformEntry(item, refuse)),
    signer: text(field('signer'), refuse),
    evidence: elements(field('evidence'), refuse).map((item) => digest(item, refuse)),
  };
}

function parsePlatformEntry(at: At, refuse: Refuse): LockedPlatform {
  const fields = object(at, refuse);
  onlyKeys(fields, PLATFORM_KEYS, at.path, refuse);
  const field = (key: string): At => ({ value: fields[key], path: [...at.path, key] });
  return {
    platform: fields['platform'] === null ? null : text(field('platform'), refuse),
    digest: digest(field('digest'), refuse),
    size: integer(field('size'), refuse),
  };
}

function object({ value, path }: At, refuse: Refuse): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw refuse(path, 'expected an object');
}

function onlyKeys(fields: JsonObject, allowed: readonly string[], path: JsonPath, refuse: Refuse): void {
  const unknown = Object.keys(fields).find((key) => !allowed.includes(key));
  if (unknown !== undefined) throw refuse([...path, unknown], 'unknown key');
}

function elements({ value, path }: At, refuse: Refuse): readonly At[] {
  if (!Array.isArray(value)) throw refuse(path, 'expected a list');
  return value.map((item: JsonValue, index) => ({ value: item, path: [...path, index] }));
}

function text({ value, path }: At, refuse: Refuse): string {
  if (typeof value === 'string' && value !== '') return value;
  throw refuse(path, 'expected a text');
}

function digest({ value, path }: At, refuse: Refuse): Digest {
  if (isDigest(value)) return value;
  throw refuse(path, 'expected a digest');
}

function integer({ value, path }: At, refuse: Refuse): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw refuse(path, 'expected a number of bytes');
}

function shown(path: JsonPath): string {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return steps === '' ? '' : `${escapeRemote(steps.slice(1), 80)}: `;
}
