import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Digest, digestOf, type Op } from '@gantry/oci';
import { coreLimits } from '../../core-limits.ts';
import { errorCode, makeDirectories, publishFile } from '../../files/durable.ts';
import type { FileSystem } from '../../files/file-system.ts';
import { readNamedFile } from '../../files/read-named-file.ts';

/** The roles of TUF (section 2.1). Delegated roles are not followed: nothing remote names a file here (C10). */
export const TUF_ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;

/** One of {@link TUF_ROLES}. */
export type TufRole = (typeof TUF_ROLES)[number];

/** What is known of a TUF repository: its newest metadata, which later metadata may not fall behind, and its trust root. */
export interface TufState {
  readonly mirror: string;
  /** Milliseconds since 1970: when the repository last confirmed it. */
  readonly checked: number;
  readonly metadata: Readonly<Record<TufRole, Buffer>>;
  /** The `trusted_root.json`. */
  readonly trustedRoot: Buffer;
}

/** Where the state of a repository stands: one file, so that a kill leaves the old state or the new one. */
export function tufStatePath(directory: string, mirror: string, identity: string): string {
  const name = createHash('sha256')
    .update(JSON.stringify([mirror, identity]))
    .digest('hex');
  return join(directory, `${name}.json`);
}

/** Reads a state; undefined when there is none. Throws a `TypeError` when it is damaged, and the file system's error. */
export function readTufState(fileSystem: FileSystem, path: string, op?: Op): TufState | undefined {
  let bytes: Buffer;
  try {
    bytes = readNamedFile(fileSystem, path, stateLimit(op));
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    if (error instanceof RangeError) throw new TypeError(error.message);
    throw error;
  }
  return decodeTufState(bytes);
}

/** Writes a state, durably and at once. Throws the file system's error. */
export function writeTufState(fileSystem: FileSystem, directory: string, path: string, state: TufState): void {
  makeDirectories(fileSystem, directory, 0o700);
  publishFile(fileSystem, path, encodeTufState(state), 0o600);
}

/** When the first of its documents expires, milliseconds since 1970. */
export function expiryOf({ metadata }: TufState): number {
  const times = TUF_ROLES.map((role) => Date.parse(String(signedPart(metadata[role])['expires'])));
  // A time that cannot be read has passed.
  return Math.min(...times.map((time) => (Number.isNaN(time) ? 0 : time)));
}

/** The version of each document. */
export function versionsOf({ metadata }: Pick<TufState, 'metadata'>): Readonly<Record<TufRole, number>> {
  const version = (role: TufRole): number => Number(signedPart(metadata[role])['version']) || 0;
  return {
    root: version('root'),
    timestamp: version('timestamp'),
    snapshot: version('snapshot'),
    targets: version('targets'),
  };
}

/** What of a metadata document is signed. Whether the signatures hold was found out before it was kept. */
function signedPart(bytes: Buffer): Readonly<Record<string, unknown>> {
  const document: unknown = JSON.parse(bytes.toString('utf8'));
  const signed = typeof document === 'object' && document !== null && 'signed' in document ? document.signed : {};
  return { ...(signed as object) };
}

function encodeTufState(state: TufState): Uint8Array {
  const body = bodyOf(state);
  return Buffer.from(JSON.stringify({ schemaVersion: 1, digest: sealOf(body), ...body }));
}

function bodyOf({ mirror, checked, metadata, trustedRoot }: TufState): object {
  const encoded = TUF_ROLES.map((role) => [role, metadata[role].toString('base64')]);
  return { mirror, checked, metadata: Object.fromEntries(encoded), trustedRoot: trustedRoot.toString('base64') };
}

/** Notices what a disk or an editor did. The directory is the user's own; who can write there is the user. */
function sealOf(body: object): Digest {
  return digestOf(Buffer.from(JSON.stringify(body)));
}

function decodeTufState(bytes: Buffer): TufState {
  const value: unknown = parsed(bytes);
  if (typeof value !== 'object' || value === null) throw new TypeError('it is no object');
  const { schemaVersion, digest, mirror, checked, metadata, trustedRoot } = value as Readonly<Record<string, unknown>>;
  if (schemaVersion !== 1) throw new TypeError('it is of another version');
  if (typeof mirror !== 'string' || typeof checked !== 'number' || typeof trustedRoot !== 'string') {
    throw new TypeError('a field is missing');
  }
  const encoded = { ...(metadata as object) } as Readonly<Record<string, unknown>>;
  const state: TufState = {
    mirror,
    checked,
    metadata: {
      root: decoded(encoded['root']),
      timestamp: decoded(encoded['timestamp']),
      snapshot: decoded(encoded['snapshot']),
      targets: decoded(encoded['targets']),
    },
    trustedRoot: decoded(trustedRoot),
  };
  if (digest !== sealOf(bodyOf(state))) throw new TypeError('it was changed');
  return state;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new TypeError('it is no JSON', { cause });
  }
}

function decoded(value: unknown): Buffer {
  if (typeof value !== 'string') throw new TypeError('a document is missing');
  return Buffer.from(value, 'base64');
}

/** Five documents in base64, and a little for what stands between them. */
function stateLimit(op?: Op): number {
  return coreLimits(op, 'trustRootBytes') * 8;
}
