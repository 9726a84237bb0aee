import type { Digest, Platform } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { PluginKind } from '../plugin/plugin.ts';
import type { Verdict } from '../trust/verdict.ts';

const KEY = Symbol('installed');

/** What is known about an installed plugin. Paths are absolute. */
export interface InstalledFacts {
  readonly name: string;
  readonly reference: string;
  /** Digest of what the reference named: the index, or the manifest when there is none. */
  readonly digest: Digest;
  readonly kind: PluginKind;
  readonly platform: Platform | undefined;
  readonly verdict: Verdict;
  /** The directory of the content: write-once, named by digest. */
  readonly path: string;
  /** The file that runs; undefined for `files` and `node`. */
  readonly entry: string | undefined;
  /** Digest of the entry file, from the receipt: runtimes check it before they load. */
  readonly entryDigest: Digest | undefined;
}

/** Keeps the files of one content directory from being collected; see {@link Installed.hold}. */
export type Hold = () => Promise<AsyncDisposable>;

/**
 * An installed plugin whose verdict still holds. Like `VerifiedPlugin` the type is the proof: made by the plugin root
 * only, and the only thing that a runtime loads.
 */
export class Installed {
  readonly #hold: Hold;
  readonly facts: InstalledFacts;

  constructor(key: symbol, facts: InstalledFacts, hold: Hold) {
    if (key !== KEY) throw coreError('POLICY_NOT_VERIFIED', 'an installed plugin is made by the plugin root only');
    this.#hold = hold;
    this.facts = facts;
    Object.freeze(this);
  }

  /**
   * Keeps this version's files in place until the result is disposed, whatever is installed or removed meanwhile.
   * A runtime holds a plugin for as long as it may still open its files. A holder that died is forgotten after the
   * `leaseAge` limit. Throws `INSTALL_DAMAGED` when the files are gone already.
   */
  hold(): Promise<AsyncDisposable> {
    return this.#hold();
  }

  /** Throws `POLICY_NOT_VERIFIED` unless `value` was made by a plugin root of this very copy of the package. */
  static assert(value: unknown): asserts value is Installed {
    if (typeof value !== 'object' || value === null || !(#hold in value)) {
      throw coreError('POLICY_NOT_VERIFIED', 'this is not an installed plugin');
    }
  }
}

/** Internal to the package: only the plugin root calls it, after it has judged the receipt. */
export function vouch(facts: InstalledFacts, hold: Hold): Installed {
  return new Installed(KEY, Object.freeze({ ...facts }), hold);
}
