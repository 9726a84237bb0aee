import type { Digest, Op } from '@gantry/oci';
import type { TrustedRoot } from '@sigstore/protobuf-specs';

/** The public-good instance of Sigstore. */
export const PUBLIC_GOOD_MIRROR = 'https://tuf-repo-cdn.sigstore.dev';

/** Where the keys of certificate authority, logs and timestamp authority come from. Paths are absolute. */
export type TrustRootSource =
  /** None: signatures by keys need none. What a log says is then compared with the signature, but cannot be confirmed. */
  | { readonly type: 'none' }
  /** The public-good instance, through TUF. */
  | { readonly type: 'public' }
  /**
   * Another TUF repository: its URL, the file of its initial root, and the digest of that file as the policy was read with
   * it; absent when it could not be read.
   */
  | { readonly type: 'tuf'; readonly mirror: string; readonly root: string; readonly rootDigest?: Digest }
  /** A `trusted_root.json`. */
  | { readonly type: 'file'; readonly path: string }
  /** PEM files, each part with the time in which it counts. */
  | { readonly type: 'pem'; readonly parts: PemParts };

/** The parts of a trust root as PEM files. */
export interface PemParts {
  readonly fulcio: readonly PemPart[];
  readonly rekor: readonly PemPart[];
  readonly ct: readonly PemPart[];
  readonly tsa: readonly PemPart[];
}

/** One authority or log. */
export interface PemPart {
  /** A certificate chain (Fulcio, TSA) or a public key (Rekor, CT). */
  readonly path: string;
  /** Base URL; for a log its host is the origin of its checkpoints. */
  readonly url?: string;
  /** ISO 8601. */
  readonly start?: string;
  readonly end?: string;
}

/** Trust material that is at hand, for judging without I/O. */
export interface LoadedTrustRoot {
  /** Of what it says; part of every verdict that rests on it. */
  readonly digest: Digest;
  /** For messages: the file, the mirror. */
  readonly name: string;
  readonly root: TrustedRoot;
  /** TUF metadata expired and cannot be renewed: it serves no new verdict past its grace. */
  readonly stale: boolean;
  /** Milliseconds since 1970 after which it serves no new verdict; absent when it does not expire. */
  readonly goodUntil?: number;
}

/** Loads trust material. */
export interface TrustRoots {
  /**
   * For a new verdict. Asks a TUF repository when that is the source and the cached state is old; never when offline, and
   * never for a file, PEM parts or none. Undefined for `none`. Throws `SIGNATURE_TRUST_ROOT`, `CONFIG_PATH_UNREADABLE`.
   */
  load(source: TrustRootSource, op?: Op): Promise<LoadedTrustRoot | undefined>;
  /** What is at hand without network, however old, for judging again what is installed. Undefined: nothing is. */
  atHand(source: TrustRootSource, op?: Op): Promise<LoadedTrustRoot | undefined>;
  /** The digest that {@link TrustRoots.atHand} would have, without parsing anything: cheap enough for every start. */
  digestAtHand(source: TrustRootSource, op?: Op): Promise<Digest | undefined>;
}

/** A trust root from TUF in numbers. Times are milliseconds since 1970. */
export interface TrustRootFacts {
  /** The mirror. */
  readonly name: string;
  readonly digest: Digest;
  /** When the repository last confirmed it. */
  readonly checked: number;
  /** When the first of its documents expires. */
  readonly expires: number;
  readonly versions: Readonly<Record<'root' | 'timestamp' | 'snapshot' | 'targets', number>>;
}

/** What an update of a TUF trust root did. */
export interface TrustRootUpdate {
  /** Undefined when nothing was at hand. */
  readonly before: TrustRootFacts | undefined;
  readonly after: TrustRootFacts;
}

/** Trust roots that can be looked after. */
export interface KeptTrustRoots extends TrustRoots {
  /**
   * Asks the TUF repository of a source, due or not. Undefined when the source is no TUF repository. Throws
   * `SIGNATURE_TRUST_ROOT`, `CONFIG_PATH_UNREADABLE`.
   */
  update(source: TrustRootSource, op?: Op): Promise<TrustRootUpdate | undefined>;
  /** What is at hand of the TUF repository of a source; undefined when nothing is, or when it is no TUF repository. */
  facts(source: TrustRootSource, op?: Op): Promise<TrustRootFacts | undefined>;
  /**
   * Another file of the TUF repository of a source, after its metadata was renewed when that was due. Undefined when the
   * repository does not list it, or the source is no TUF repository. Throws as {@link TrustRoots.load}, and `REGISTRY_*`.
   */
  target(source: TrustRootSource, name: string, op?: Op): Promise<Uint8Array | undefined>;
}
