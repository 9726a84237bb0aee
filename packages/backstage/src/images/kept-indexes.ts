import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RecordFields, readNamedFile, systemFileSystem } from '@gantry/core';
import { type Digest, digestHex, digestOf, isGantryError, type Op } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import type { EntityFile } from './catalog-entities.ts';

/** The file of an index image that lists its plugins. */
export const DEFAULT_FILE = 'dynamic-plugins.default.yaml';

/** What is kept of a catalog index image between runs. */
export interface KeptIndex {
  /** As it is asked for, without a scheme. */
  readonly image: string;
  /** Of the image's root manifest or index. */
  readonly digest: Digest;
  /** Digest of the trust entries that accepted it. */
  readonly rules: Digest;
  /** ISO 8601: when it was fetched. */
  readonly fetchedAt: string;
  /** `dynamic-plugins.default.yaml`; undefined when it has none, as extra ones. */
  readonly defaultText: string | undefined;
  /** Undefined when it has no directory for any. */
  readonly entities: readonly EntityFile[] | undefined;
}

/** Keeps catalog indexes in plain files of the root, which survive when the directory of extensions does not. */
export interface KeptIndexes {
  /** What was kept of an image; undefined when there is nothing or it is damaged. */
  read(image: string, op?: Op): KeptIndex | undefined;
  write(index: KeptIndex): Promise<void>;
  /** Writes the default file of an index where it is not as it should be. Its absolute path. */
  writeDefault(index: KeptIndex): Promise<string>;
  /** Removes what is kept of all other images. */
  retain(images: ReadonlySet<string>): void;
}

const PREFIX = '.gantry-catalog-index.';
const KEPT = /^\.gantry-catalog-index\.([0-9a-f]{32})\.(?:json|yaml)$/;

/** Copies what is kept in one root to another directory, for a run that must not write to the root. */
export function copyKeptIndexes(from: string, to: string): void {
  const names = existsSync(from) ? readdirSync(from).filter((name) => KEPT.test(name)) : [];
  for (const name of names) copyFileSync(join(from, name), join(to, name));
}

/** Opens what is kept in a root. `writeFile` replaces a file of the root as a whole. */
export function openKeptIndexes(
  directory: string,
  writeFile: (name: string, text: string) => void | Promise<void>,
): KeptIndexes {
  return {
    read: (image, op) => {
      const bytes = readIfThere(join(directory, fileName(image, 'json')), keptBytes(op));
      return bytes && parseKept(image, bytes, op);
    },
    write: async (index) => await writeFile(fileName(index.image, 'json'), encodeKept(index)),
    writeDefault: async ({ image, defaultText = '' }) => {
      const name = fileName(image, 'yaml');
      const path = join(directory, name);
      const text = Buffer.from(defaultText);
      const there = readIfThere(path, text.length);
      if (there === undefined || !text.equals(there)) await writeFile(name, defaultText);
      return path;
    },
    retain: (images) => {
      const names = new Set([...images].map(nameOf));
      for (const name of readdirSync(directory)) {
        const kept = KEPT.exec(name)?.[1];
        if (kept !== undefined && !names.has(kept)) rmSync(join(directory, name), { force: true });
      }
    },
  };
}

/** Base64 is a third longer; beside the entities there are the default file and the frame. */
function keptBytes(op: Op | undefined): number {
  return 2 * (backstageLimits(op, 'catalogIndexBytes') + backstageLimits(op, 'dynamicPluginsBytes'));
}

function nameOf(image: string): string {
  return digestHex(digestOf(Buffer.from(image))).slice(0, 32);
}

function fileName(image: string, extension: 'json' | 'yaml'): string {
  return `${PREFIX}${nameOf(image)}.${extension}`;
}

function readIfThere(path: string, most: number): Uint8Array | undefined {
  try {
    return readNamedFile(systemFileSystem, path, most);
  } catch {
    // Not there, or not as we left it: it is fetched and written again.
    return undefined;
  }
}

function encodeKept({ defaultText, entities, ...index }: KeptIndex): string {
  const document = {
    schemaVersion: 1,
    ...index,
    defaultText: defaultText ?? null,
    entities: (entities ?? []).map(({ path, bytes }) => ({ path, content: Buffer.from(bytes).toString('base64') })),
    hasEntities: entities !== undefined,
  };
  return `${JSON.stringify(document)}\n`;
}

function parseKept(image: string, bytes: Uint8Array, op?: Op): KeptIndex | undefined {
  try {
    const fields = RecordFields.parse('what is kept of a catalog index', bytes, op);
    if (fields.text('image') !== image) return undefined;
    const entities = fields.records('entities').map((entity) => ({
      path: entity.relativePath('path'),
      bytes: Buffer.from(entity.text('content'), 'base64'),
    }));
    return {
      image,
      digest: fields.digest('digest'),
      rules: fields.digest('rules'),
      fetchedAt: fields.time('fetchedAt'),
      defaultText: fields.optionalText('defaultText'),
      entities: fields.flag('hasEntities') ? entities : undefined,
    };
  } catch (error) {
    // Damaged, or of a newer Gantry: the registry has the real one.
    if (isGantryError(error)) return undefined;
    throw error;
  }
}
