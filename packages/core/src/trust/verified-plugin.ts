import type { Digest } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import type { Evidence } from './evidence.ts';
import type { RejectedSignature } from './signatures/accepted-signature.ts';
import type { Verdict } from './verdict.ts';

/** Held by this module alone: without it nobody can construct a {@link VerifiedPlugin}. */
const KEY = Symbol('verified');

/** A document that a verdict rests on, as it is kept with what is installed. */
export interface EvidenceFile {
  /** The digest under which the evidence names it. */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** What an accepting verdict came from. */
export interface Grounds {
  readonly evidence: readonly Evidence[];
  readonly files?: readonly EvidenceFile[];
  readonly rejected?: readonly RejectedSignature[];
}

/**
 * A resolved plugin together with the accepting verdict about it. The type carries the proof: it is made by
 * {@link admit} only, frozen, and checked at run time, so forged objects, spread copies and objects of a second copy
 * of the package are refused.
 */
export class VerifiedPlugin {
  readonly #admitted: true;
  readonly plugin: ResolvedPlugin;
  readonly verdict: Verdict;
  /** What the verdict rests on; kept in the receipt. */
  readonly evidence: readonly Evidence[];
  /** The documents among the evidence. */
  readonly files: readonly EvidenceFile[];
  /** Signatures that were looked at on the way and do not count. */
  readonly rejected: readonly RejectedSignature[];

  constructor(key: symbol, plugin: ResolvedPlugin, verdict: Verdict, grounds: Grounds) {
    if (key !== KEY) throw coreError('POLICY_NOT_VERIFIED', 'a verified plugin is made by an accepting verdict only');
    this.#admitted = true;
    this.plugin = plugin;
    this.verdict = verdict;
    this.evidence = Object.freeze([...grounds.evidence]);
    this.files = Object.freeze([...(grounds.files ?? [])]);
    this.rejected = Object.freeze([...(grounds.rejected ?? [])]);
    Object.freeze(this);
  }

  /** Throws `POLICY_NOT_VERIFIED` unless `value` was made by {@link admit} of this very copy of the package. */
  static assert(value: unknown): asserts value is VerifiedPlugin {
    if (typeof value !== 'object' || value === null || !(#admitted in value)) {
      throw coreError('POLICY_NOT_VERIFIED', 'this is not a verified plugin');
    }
  }
}

/**
 * Turns an accepting verdict about exactly this plugin into the verified type; `POLICY_REFUSED` for any other.
 * Internal to the package: only the judge calls it.
 */
export function admit(plugin: ResolvedPlugin, verdict: Verdict, grounds: Grounds): VerifiedPlugin {
  if (!verdict.accepted || verdict.subject !== plugin.root.digest) {
    throw coreError('POLICY_REFUSED', `${plugin.reference}: ${verdict.reason}`, {
      details: { policy: verdict.policy, subject: verdict.subject, digest: plugin.root.digest },
    });
  }
  return new VerifiedPlugin(KEY, freezePlugin(plugin), Object.freeze({ ...verdict }), grounds);
}

// SAFETY: what was judged cannot be changed afterwards, not even by whoever still holds the resolved plugin (B6).
function freezePlugin(plugin: ResolvedPlugin): ResolvedPlugin {
  return Object.freeze({
    ...plugin,
    spec: Object.freeze({ ...plugin.spec }),
    root: Object.freeze({ ...plugin.root }),
    manifest: Object.freeze({ ...plugin.manifest }),
    layers: Object.freeze(plugin.layers.map((layer) => Object.freeze({ ...layer }))),
    annotations: Object.freeze(Object.assign(Object.create(null), plugin.annotations)),
  });
}
