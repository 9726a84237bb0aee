import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { coreError } from '../core-errors.ts';
import { unreadable } from './unreadable.ts';

/** The fields of a package.json that Developer Hub shows, in the order its own tool writes them. */
const FIELDS = [
  'name',
  'version',
  'description',
  'backstage',
  'homepage',
  'repository',
  'license',
  'maintainers',
  'author',
  'bugs',
  'keywords',
] as const;

/** A Node package as Developer Hub wants it published. */
export interface NodePackage {
  /** The directory that holds the package in the archive. */
  readonly directory: string;
  /** What Developer Hub shows of its package.json. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Value of the annotation `io.backstage.dynamic-packages`: base64 of a JSON array. */
  readonly dynamicPackages: string;
}

/**
 * Reads what a Node package says about itself. Throws `CONFIG_PATH_UNREADABLE` when there is no package.json,
 * `CONFIG_INVALID` when it is not one.
 */
export function readNodePackage(path: string): NodePackage {
  const file = join(path, 'package.json');
  const manifest = parse(file);
  const name = manifest['name'];
  if (typeof name !== 'string' || !/^(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*$/i.test(name)) {
    throw coreError('CONFIG_INVALID', `${file}: has no usable name`, { details: { file } });
  }
  const directory = name
    .replace(/-dynamic$/, '')
    .replace(/^@/, '')
    .replace('/', '-');
  const facts = Object.fromEntries(
    FIELDS.flatMap((field) => (manifest[field] === undefined ? [] : [[field, manifest[field]]])),
  );
  return { directory, facts, dynamicPackages: encodeDynamicPackages([{ directory, facts }]) };
}

/** The value of `io.backstage.dynamic-packages` for an image that holds these packages, in this order. */
export function encodeDynamicPackages(packages: readonly Pick<NodePackage, 'directory' | 'facts'>[]): string {
  const list = packages.map(({ directory, facts }) => ({ [directory]: facts }));
  return Buffer.from(JSON.stringify(list)).toString('base64');
}

function parse(file: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, 'a Node package needs it', error);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw coreError('CONFIG_INVALID', `${file}: is not JSON`, { details: { file }, cause });
  }
  throw coreError('CONFIG_INVALID', `${file}: is not a JSON object`, { details: { file } });
}
