import { digestOf, type Environment, escapeRemote, type Op, type Transport } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { coreLimits } from '../../core-limits.ts';
import { errorCode } from '../../files/durable.ts';
import type { FileSystem } from '../../files/file-system.ts';
import { loadedTrustRoot } from './loaded-trust-root.ts';
import type { LoadedTrustRoot, TrustRootFacts } from './trust-root.ts';
import { type TufMemory, tufMemory } from './tuf-memory.ts';
import { expiryOf, type TufState, versionsOf } from './tuf-state.ts';
import { TufUpdateError, updateTuf } from './tuf-update.ts';

/** What a TUF trust root works with. */
export interface TufSurroundings {
  /** Where the states of repositories are kept. */
  readonly directory: string;
  readonly transport: () => Transport;
  readonly environment: Pick<Environment, 'now'>;
  readonly offline: boolean;
  readonly fileSystem: FileSystem;
}

/** A TUF repository. */
export interface TufRepositoryName {
  /** Its URL, without a slash at the end. */
  readonly mirror: string;
  /** Tells it from another one of the same URL. */
  readonly identity: string;
  /** The root to begin with. */
  readonly initialRoot: () => Promise<Buffer>;
}

/** The trust root of a TUF repository. */
export class TufTrustRoot {
  readonly #repository: TufRepositoryName;
  readonly #around: TufSurroundings;
  readonly #memory: TufMemory;
  #updating: Promise<unknown> | undefined;

  constructor(repository: TufRepositoryName, around: TufSurroundings) {
    this.#repository = repository;
    this.#around = around;
    this.#memory = tufMemory(repository, around);
  }

  /** What is kept, however old; undefined when nothing is, or nothing that is whole. */
  atHand(op?: Op): TufState | undefined {
    return this.#memory.recall(op);
  }

  /** For a new verdict. Asks the repository when what is kept is old, has expired, or comes from the future. */
  async load(op?: Op): Promise<LoadedTrustRoot> {
    // Whoever updates meanwhile may make it unnecessary.
    await this.#updating?.catch(() => undefined);
    const known = this.atHand(op);
    if (known !== undefined && !this.#isDue(known, op)) return this.describe(known, op);
    if (this.#around.offline) return this.#inGrace(known, undefined, op);
    try {
      return await this.describe(await this.update(op), op);
    } catch (cause) {
      op?.signal?.throwIfAborted();
      if (known !== undefined) this.#warn(`not renewed: ${messageOf(cause)}`, op);
      return this.#inGrace(known, cause, op);
    }
  }

  /** Asks the repository. Throws `SIGNATURE_TRUST_ROOT` when it gives nothing that is newer and good. */
  async update(op?: Op): Promise<TufState> {
    const updating = this.#update(op);
    this.#updating = updating;
    try {
      return await updating;
    } finally {
      if (this.#updating === updating) this.#updating = undefined;
    }
  }

  /** A state as it is judged with. */
  async describe(state: TufState, op?: Op): Promise<LoadedTrustRoot> {
    const expires = expiryOf(state);
    const goodUntil = expires + coreLimits(op, 'trustRootGrace');
    const { trustedRoot } = state;
    const bytes = { digest: digestOf(trustedRoot), name: state.mirror, bytes: () => trustedRoot };
    return loadedTrustRoot(bytes, { stale: this.#time(state) > expires, goodUntil }, op);
  }

  /** A state in numbers. */
  facts(state: TufState): TrustRootFacts {
    const { checked, mirror, trustedRoot } = state;
    return {
      name: mirror,
      digest: digestOf(trustedRoot),
      checked,
      expires: expiryOf(state),
      versions: versionsOf(state),
    };
  }

  async #update(op?: Op): Promise<TufState> {
    const { mirror } = this.#repository;
    const { environment, offline, transport } = this.#around;
    if (offline) throw this.#refused('it cannot be renewed offline');
    const known = this.#memory.recall(op);
    try {
      const initialRoot = await this.#repository.initialRoot();
      const now = environment.now();
      const state = await updateTuf({ mirror, initialRoot, known, transport: transport(), now }, op);
      // What this Gantry cannot read must not replace what it can.
      await this.describe(state, op);
      return this.#memory.keep(state, op);
    } catch (error) {
      if (!(error instanceof TufUpdateError)) throw error;
      if (error.progress !== undefined) this.#memory.keep(error.progress, op);
      throw this.#refused(`${mirror} gives no trust root: ${escapeRemote(error.message, 300)}`, error.cause);
    }
  }

  /** What is kept, while it may still serve a new verdict (C12). */
  async #inGrace(known: TufState | undefined, cause: unknown, op?: Op): Promise<LoadedTrustRoot> {
    if (known === undefined) {
      throw cause ?? this.#refused(`nothing of ${this.#repository.mirror} is here, and offline nobody is asked`);
    }
    const loaded = await this.describe(known, op);
    if (this.#time(known) <= (loaded.goodUntil ?? 0)) return loaded;
    const expired = new Date(expiryOf(known)).toISOString();
    throw this.#refused(`the trust root of ${known.mirror} expired at ${expired} and was not renewed since`, cause);
  }

  #isDue(state: TufState, op?: Op): boolean {
    const now = this.#around.environment.now();
    const fromTheFuture = now + coreLimits(op, 'clockSkew') < state.checked;
    return fromTheFuture || now >= state.checked + coreLimits(op, 'trustRootRefresh') || now > expiryOf(state);
  }

  /** A clock that is behind must not bring back what had expired when the repository was last asked. */
  #time(state: TufState): number {
    return Math.max(this.#around.environment.now(), state.checked);
  }

  #warn(message: string, op?: Op): void {
    op?.onEvent?.({ type: 'warning', from: this.#repository.mirror, message });
  }

  #refused(message: string, cause?: unknown): Error {
    return coreError('SIGNATURE_TRUST_ROOT', message, { cause, details: { trustRoot: this.#repository.mirror } });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : (errorCode(error) ?? String(error));
}
