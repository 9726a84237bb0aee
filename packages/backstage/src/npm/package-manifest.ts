import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { escapeRemote, type Op } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { backstageLimits } from '../backstage-limits.ts';

/** Names as npm takes them for packages that are published today or long ago. */
const NAME = /^(?:@[A-Za-z0-9~-][A-Za-z0-9._~-]*\/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*$/;
const LONGEST_NAME = 214;
/** Semantic Versioning 2.0.0; the `v` in front and build metadata stand in the name of the archive too. */
const VERSION =
  /^v?(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:-(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z.-]+)?$/;
const LONGEST_VERSION = 256;
/** What a file system takes as one name, in bytes. */
const LONGEST_SEGMENT = 255;

/** The package.json of a package. */
export interface PackageManifest {
  readonly content: Readonly<Record<string, unknown>>;
  /** The name of the directory it is installed under: that of the archive `npm pack` makes, without `.tgz`. */
  readonly directoryName: string;
}

/**
 * Reads the package.json of a package. `shown` names the package in messages. Throws `CONFIG_PACKAGE` when there is none, when
 * it is not a file of JSON, or when its name or version are none, so that nothing else can become the name of a directory.
 */
export async function readManifest(directory: string, shown: string, op?: Op): Promise<PackageManifest> {
  const text = readText(join(directory, 'package.json'), shown, backstageLimits(op, 'packageJsonBytes'));
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw backstageError('CONFIG_PACKAGE', `${shown}: package.json is not JSON`, { cause });
  }
  if (content === null || typeof content !== 'object' || Array.isArray(content)) {
    throw backstageError('CONFIG_PACKAGE', `${shown}: package.json is not an object`);
  }
  const { name, version } = content as { name?: unknown; version?: unknown };
  const directoryName = packDirectoryName(name, version);
  if (directoryName === undefined) {
    const given = escapeRemote(JSON.stringify({ name, version }), 300);
    throw backstageError('CONFIG_PACKAGE', `${shown}: package.json has no name and version that npm takes: ${given}`);
  }
  return { content: content as Readonly<Record<string, unknown>>, directoryName };
}

/** The name that `npm pack` gives to an archive, without `.tgz`; undefined when name or version are none. */
export function packDirectoryName(name: unknown, version: unknown): string | undefined {
  if (typeof name !== 'string' || typeof version !== 'string') return undefined;
  if (name.length > LONGEST_NAME || version.length > LONGEST_VERSION) return undefined;
  if (!NAME.test(name) || !VERSION.test(version)) return undefined;
  const directory = `${name.replace('@', '').replace('/', '-')}-${version}`;
  return Buffer.byteLength(directory) > LONGEST_SEGMENT ? undefined : directory;
}

/** Read at once: this is on the way to a start that has nothing to do, and promises of files cost more than the file. */
function readText(path: string, shown: string, limit: number): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP') throw cause;
    throw backstageError('CONFIG_PACKAGE', `${shown}: there is no package.json`, { cause });
  }
  try {
    const facts = fstatSync(fd);
    if (facts.isFile() && facts.size <= limit) return readFileSync(fd, 'utf8');
    const found = facts.isFile() ? `${facts.size} bytes, at most ${limit} are read` : 'something that is not a file';
    throw backstageError('CONFIG_PACKAGE', `${shown}: package.json: found ${found}`, {
      details: { limit: 'packageJsonBytes', expected: limit, found: facts.size },
    });
  } finally {
    closeSync(fd);
  }
}
