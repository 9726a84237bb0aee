import { digestOf, type Environment, type Op, systemEnvironment, type Transport } from '@gantry/oci';
import { coreLimits } from '../../core-limits.ts';
import { type FileSystem, systemFileSystem } from '../../files/file-system.ts';
import { loadedTrustRoot } from './loaded-trust-root.ts';
import { readLocalTrustRoot } from './local-trust-root.ts';
import { readTrustFile } from './read-trust-file.ts';
import { type KeptTrustRoots, PUBLIC_GOOD_MIRROR, type TrustRootSource } from './trust-root.ts';
import { fetchTufTarget } from './tuf-target.ts';
import { type TufRepositoryName, TufTrustRoot } from './tuf-trust-root.ts';

/** Options of {@link openTrustRoots}. */
export interface TrustRootsOptions {
  /** Where the states of TUF repositories are kept; made when something is kept. */
  readonly directory: string;
  /** Asked for when a TUF repository is. */
  readonly transport: () => Transport;
  readonly environment?: Pick<Environment, 'now'>;
  /** No TUF repository is asked. Default false. */
  readonly offline?: boolean;
  readonly fileSystem?: FileSystem;
}

type TufSource = Extract<TrustRootSource, { readonly type: 'public' | 'tuf' }>;

const FOREVER = { stale: false };

/** Opens the trust roots of this machine. Nothing is read, and nobody asked, before something is wanted. */
export function openTrustRoots(options: TrustRootsOptions): KeptTrustRoots {
  const { environment = systemEnvironment(), fileSystem = systemFileSystem, offline = false } = options;
  const around = { ...options, environment, fileSystem, offline };
  const opened = new Map<string, TufTrustRoot>();

  const tuf = (source: TufSource, op?: Op): TufTrustRoot => {
    const repository = tufRepositoryOf(source, fileSystem, op);
    const key = JSON.stringify([repository.mirror, repository.identity]);
    const root = opened.get(key) ?? new TufTrustRoot(repository, around);
    opened.set(key, root);
    return root;
  };

  return {
    load: async (source, op) => {
      if (source.type === 'none') return undefined;
      if (isTuf(source)) return tuf(source, op).load(op);
      return loadedTrustRoot(readLocalTrustRoot(source, fileSystem, op), FOREVER, op);
    },
    atHand: async (source, op) => {
      if (source.type === 'none') return undefined;
      if (!isTuf(source)) return loadedTrustRoot(readLocalTrustRoot(source, fileSystem, op), FOREVER, op);
      const root = tuf(source, op);
      const state = root.atHand(op);
      return state === undefined ? undefined : root.describe(state, op);
    },
    digestAtHand: async (source, op) => {
      if (source.type === 'none') return undefined;
      if (!isTuf(source)) return readLocalTrustRoot(source, fileSystem, op).digest;
      const state = tuf(source, op).atHand(op);
      return state === undefined ? undefined : digestOf(state.trustedRoot);
    },
    update: async (source, op) => {
      if (!isTuf(source)) return undefined;
      const root = tuf(source, op);
      const before = root.atHand(op);
      const after = await root.update(op);
      return { before: before && root.facts(before), after: root.facts(after) };
    },
    facts: async (source, op) => {
      if (!isTuf(source)) return undefined;
      const root = tuf(source, op);
      const state = root.atHand(op);
      return state === undefined ? undefined : root.facts(state);
    },
    target: async (source, name, op) => {
      if (!isTuf(source)) return undefined;
      const root = tuf(source, op);
      await root.load(op);
      const state = root.atHand(op);
      return state === undefined ? undefined : fetchTufTarget(state, name, options.transport(), op);
    },
  };
}

function isTuf(source: TrustRootSource): source is TufSource {
  return source.type === 'public' || source.type === 'tuf';
}

function tufRepositoryOf(source: TufSource, fileSystem: FileSystem, op?: Op): TufRepositoryName {
  if (source.type === 'public') return { mirror: PUBLIC_GOOD_MIRROR, identity: 'public', initialRoot: publicGoodRoot };
  const root = readTrustFile(source.root, coreLimits(op, 'trustRootBytes'), fileSystem);
  // Another initial root is another repository: nothing of the old one binds or vouches for it.
  return { mirror: source.mirror, identity: digestOf(root), initialRoot: () => Promise.resolve(root) };
}

async function publicGoodRoot(): Promise<Buffer> {
  const { default: seeds } = await import('@sigstore/tuf/seeds.json', { with: { type: 'json' } });
  return Buffer.from(seeds[PUBLIC_GOOD_MIRROR]['root.json'], 'base64');
}
