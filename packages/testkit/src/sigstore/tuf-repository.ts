import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Cleanup } from '../cleanup.ts';
import { listenOnLoopback } from '../listen.ts';
import { sha256 } from './hash.ts';
import type { ServiceAnswer } from './service.ts';
import {
  metaContent,
  rootContent,
  type TufDocument,
  type TufKey,
  type TufRole,
  targetsContent,
  tufDocument,
  tufKey,
} from './tuf-metadata.ts';

/** What is published next. What is left out stays as it is; expiries are set anew each time. */
export interface TufPublication {
  /** The files, by name; instead of those before. */
  readonly targets?: Readonly<Record<string, string | Uint8Array>>;
  /** When documents expire, milliseconds since 1970. Default: the root in a year, targets and snapshot in 30 days, timestamp in 7. */
  readonly expires?: Partial<Readonly<Record<TufRole, number>>>;
  /** Roles that sign with a key that nobody knows. */
  readonly forged?: readonly TufRole[];
  /** Versions instead of the next ones. */
  readonly versions?: Partial<Readonly<Record<TufRole, number>>>;
}

/** Options of {@link tufRepository}. */
export interface TufRepositoryOptions extends TufPublication {
  /** Milliseconds since 1970. Default: the real clock. */
  readonly now?: () => number;
}

/** Everything that a repository serves at one time, to be served again later. */
export type TufState = ReadonlyMap<string, Buffer>;

/** A TUF repository on loopback, with consistent snapshots. */
export interface TufRepository {
  /** `http://127.0.0.1:PORT`: metadata there, files under `targets/`. */
  readonly url: string;
  /** Root of version 1: what a client has to start with. */
  readonly initialRoot: Buffer;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
  /** Writes {@link initialRoot} into a directory, which is made; the answer is the path of `root.json`. */
  rootFile(directory: string): Promise<string>;
  /** Publishes new targets, snapshot and timestamp. */
  publish(publication?: TufPublication): void;
  /** Publishes a new root with fresh keys for everything, signed with the old root key too, and all below it. */
  rotateRoot(publication?: TufPublication): void;
  /** What is served now. */
  state(): TufState;
  /** Serves an earlier state again: a roll back. */
  restore(state: TufState): void;
  /** Answers requests whose path matches, until undefined takes it back: garbage, errors, too much. */
  answer(instead: ((path: string) => ServiceAnswer | undefined) | undefined): void;
  /** Nobody answers any more. */
  close(): Promise<void>;
}

type Keys = Readonly<Record<TufRole, TufKey>>;

const DAY = 86_400_000;
const LIFETIMES: Readonly<Record<TufRole, number>> = {
  root: 365 * DAY,
  targets: 30 * DAY,
  snapshot: 30 * DAY,
  timestamp: 7 * DAY,
};

/** Starts a repository with one root and one publication, and stops it after the test. */
export async function tufRepository(t: Cleanup, options: TufRepositoryOptions = {}): Promise<TufRepository> {
  const now = options.now ?? Date.now;
  const requests: string[] = [];
  let files: Map<string, Buffer> = new Map();
  let instead: ((path: string) => ServiceAnswer | undefined) | undefined;
  let keys = freshKeys();
  let targets: Record<string, Buffer> = {};
  const versions: Record<TufRole, number> = { root: 0, targets: 0, snapshot: 0, timestamp: 0 };

  const document = (
    role: TufRole,
    content: object,
    publication: TufPublication,
    also: readonly TufKey[] = [],
  ): TufDocument => {
    versions[role] = publication.versions?.[role] ?? versions[role] + 1;
    const expires = publication.expires?.[role] ?? now() + LIFETIMES[role];
    const signers =
      publication.forged?.includes(role) === true ? [{ ...tufKey(), id: keys[role].id }] : [keys[role], ...also];
    return tufDocument(role, { version: versions[role], expires }, content, signers);
  };
  const publishRoot = (publication: TufPublication, also: readonly TufKey[]): Buffer => {
    const { bytes, version } = document('root', rootContent(keys), publication, also);
    files.set(`/${version}.root.json`, bytes);
    return bytes;
  };
  const publish = (publication: TufPublication = {}): void => {
    if (publication.targets !== undefined) targets = buffers(publication.targets);
    for (const [name, bytes] of Object.entries(targets)) files.set(targetPath(name, bytes), bytes);
    const below = document('targets', targetsContent(targets), publication);
    files.set(`/${below.version}.targets.json`, below.bytes);
    const snapshot = document('snapshot', metaContent('targets.json', below), publication);
    files.set(`/${snapshot.version}.snapshot.json`, snapshot.bytes);
    files.set('/timestamp.json', document('timestamp', metaContent('snapshot.json', snapshot), publication).bytes);
  };

  const initialRoot = publishRoot(options, []);
  publish(options);
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    requests.push(path);
    const body = files.get(path);
    const found = body === undefined ? { status: 404, body: 'not found' } : { status: 200, body };
    const answer: ServiceAnswer = instead?.(path) ?? found;
    const length = Buffer.byteLength(answer.body);
    response.writeHead(answer.status, { 'content-length': length, ...answer.headers }).end(answer.body);
  });
  const { address, close } = await listenOnLoopback(t, server);
  return {
    url: `http://${address}`,
    initialRoot,
    requests,
    rootFile: async (directory) => {
      await mkdir(directory, { recursive: true });
      const path = join(directory, 'root.json');
      await writeFile(path, initialRoot);
      return path;
    },
    publish,
    rotateRoot: (publication = {}) => {
      const old = keys.root;
      keys = freshKeys();
      publishRoot(publication, [old]);
      publish(publication);
    },
    state: () => new Map(files),
    restore: (state) => {
      files = new Map(state);
    },
    answer: (other) => {
      instead = other;
    },
    close,
  };
}

function freshKeys(): Keys {
  return { root: tufKey(), targets: tufKey(), snapshot: tufKey(), timestamp: tufKey() };
}

function buffers(files: Readonly<Record<string, string | Uint8Array>>): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(files).map(([name, content]) => [name, Buffer.from(content)]));
}

/** Consistent snapshots put the hash in front of the name. */
function targetPath(name: string, bytes: Buffer): string {
  const at = name.lastIndexOf('/') + 1;
  return `/targets/${name.slice(0, at)}${sha256(bytes).toString('hex')}.${name.slice(at)}`;
}
