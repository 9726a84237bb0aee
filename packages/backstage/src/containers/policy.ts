import type { IdentityMatch } from './identity-match.ts';

/** Keys of a requirement: a file, or its content in the policy itself. */
export type KeySource = { readonly path: string } | { readonly data: Buffer; readonly name: string };

/** `signedBy`: signatures of simple signing, made with GPG. */
export interface SignedBy {
  readonly type: 'signedBy';
  readonly keys: readonly KeySource[];
  readonly identity: IdentityMatch;
}

/** `sigstoreSigned`: signatures as cosign leaves them. */
export interface SigstoreSigned {
  readonly type: 'sigstoreSigned';
  readonly keys: readonly KeySource[];
  readonly fulcio: FulcioIdentity | undefined;
  /** Keys of transparency logs; where there are any an entry in one of them is required. */
  readonly rekor: readonly KeySource[];
  readonly identity: IdentityMatch;
}

/** Whom a certificate of Fulcio has to name. */
export interface FulcioIdentity {
  readonly authorities: KeySource;
  readonly issuer: string;
  readonly email: string;
}

/** One thing that an image has to satisfy. */
export type PolicyRequirement =
  | { readonly type: 'insecureAcceptAnything' }
  | { readonly type: 'reject' }
  | SignedBy
  | SigstoreSigned
  /** Known to containers/image, and enforced by nobody: why. */
  | { readonly type: 'unsupported'; readonly why: string };

/** A policy.json, as far as images of registries go. */
export interface ContainersPolicy {
  readonly file: string;
  readonly fallback: readonly PolicyRequirement[];
  /** By scope of the docker transport; `""` stands for all of them. */
  readonly scopes: ReadonlyMap<string, readonly PolicyRequirement[]>;
}
