import type { Digest } from '@gantry/oci';
import type { TrustRootSource } from './material/trust-root.ts';

/** What a trust entry with `require: cosign` asks for. Everything must hold for one and the same signature. */
export interface SignatureRequirement {
  /** Keys that may sign. Either keys or identities, never both, never neither. */
  readonly keys: readonly PolicyKey[];
  /** Identities that may sign, by certificates of Fulcio. */
  readonly identities: readonly IdentityRule[];
  /** How many different signers (keys, or identity rules) must have signed. */
  readonly threshold: number;
  readonly log: 'required' | 'none';
  readonly timestamp: 'log' | 'tsa' | 'any' | 'none';
  readonly ct: 'required' | 'none';
  /** What has to be signed: the index, the platform's manifest, or one of them. */
  readonly subject: 'index' | 'platform' | 'either';
  /** Claims (`-a k=v`) that the signature must carry. */
  readonly claims: Readonly<Record<string, string>>;
  readonly trustRoot: TrustRootSource;
  /** `host/repository` that holds the signatures instead of the plugin's own. */
  readonly signatureRepository?: string;
  /** Milliseconds that an installed plugin may start on an old verdict; absent: without end. */
  readonly maxOfflineAge?: number;
}

/** A public key of the policy. */
export interface PolicyKey {
  /** SHA-256 of its SPKI in DER: what it is, whatever file it came from. */
  readonly id: Digest;
  /** For people: its file, or where in the configuration it stands. */
  readonly name: string;
  /** SPKI, PEM. */
  readonly pem: string;
}

/** A signer's identity. Every field that is there must match; `issuer` and one other are. */
export interface IdentityRule {
  readonly issuer: TextRule;
  /** Subject alternative name: URI, e-mail or otherName. */
  readonly identity?: TextRule;
  readonly sourceRepository?: TextRule;
  readonly ref?: TextRule;
  readonly buildSigner?: TextRule;
  readonly buildConfig?: TextRule;
  readonly runnerEnvironment?: TextRule;
}

/** Exact text, or a pattern that matches the whole of it: a glob (`*` within a segment) or `/regexp/` in RE2 syntax. */
export type TextRule = { readonly exact: string } | { readonly pattern: string };
