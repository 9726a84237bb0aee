import type { LimitSpec } from '@gantry/oci';
import type { Requirement } from '../trust/policy.ts';

/** A gantry.yaml as it is written, after its shape was checked. */
export interface RawConfig {
  readonly schemaVersion: 1;
  readonly registries?: Readonly<Record<string, RawRegistry>> | undefined;
  readonly trust?: readonly RawTrustEntry[] | undefined;
  readonly plugins?: readonly RawPlugin[] | undefined;
  readonly backstage?: RawBackstage | undefined;
  readonly limits?: Readonly<Record<string, RawQuantity | undefined>> | undefined;
}

/** Settings of one registry. */
export interface RawRegistry {
  readonly tokenHosts?: readonly string[] | undefined;
  readonly caFile?: string | undefined;
  readonly clientCertFile?: string | undefined;
  readonly clientKeyFile?: string | undefined;
  readonly plainHttp?: boolean | undefined;
  readonly upload?: 'monolithic' | 'single-post' | 'chunked' | undefined;
  readonly mirrors?: readonly string[] | undefined;
}

/** One trust entry. All but the first two fields count only with `require: cosign`. */
export interface RawTrustEntry extends RawSignatures {
  readonly scope: string;
  readonly require: Requirement;
}

/** What a trust entry says about signatures. */
export interface RawSignatures {
  readonly keys?: OneOrMore<RawKey> | undefined;
  readonly keyless?: OneOrMore<RawIdentity> | undefined;
  readonly threshold?: number | undefined;
  readonly trustRoot?: RawTrustRoot | undefined;
  readonly log?: 'required' | 'none' | undefined;
  readonly timestamp?: 'log' | 'tsa' | 'any' | 'none' | undefined;
  readonly ct?: 'required' | 'none' | undefined;
  readonly subject?: 'index' | 'platform' | 'either' | undefined;
  readonly signatureRepository?: string | undefined;
  readonly claims?: Readonly<Record<string, string>> | undefined;
  readonly maxOfflineAge?: RawQuantity | undefined;
}

/** A thing, or a list of them. */
export type OneOrMore<T> = T | readonly T[];

/** A public key: a PEM file, or the PEM itself. Exactly one of the two. */
export interface RawKey {
  readonly file?: string | undefined;
  readonly pem?: string | undefined;
}

/** An identity of a certificate. */
export interface RawIdentity {
  readonly issuer?: string | undefined;
  readonly issuerPattern?: string | undefined;
  readonly identity?: string | undefined;
  readonly identityPattern?: string | undefined;
  readonly sourceRepository?: string | undefined;
  readonly ref?: string | undefined;
  readonly buildSigner?: string | undefined;
  readonly buildConfig?: string | undefined;
  readonly runnerEnvironment?: string | undefined;
}

/** Where trust material comes from. Exactly one of the three. */
export interface RawTrustRoot {
  readonly tuf?: { readonly mirror: string; readonly root?: string | undefined } | undefined;
  readonly trustedRoot?: string | undefined;
  readonly pem?: RawPemParts | undefined;
}

/** The parts of a trust root as PEM files. */
export interface RawPemParts {
  readonly fulcio?: OneOrMore<RawPemPart> | undefined;
  readonly rekor?: OneOrMore<RawPemPart> | undefined;
  readonly ct?: OneOrMore<RawPemPart> | undefined;
  readonly tsa?: OneOrMore<RawPemPart> | undefined;
}

/** A PEM file, with the time in which it counts. */
export interface RawPemPart {
  readonly file: string;
  readonly url?: string | undefined;
  readonly start?: string | undefined;
  readonly end?: string | undefined;
}

/** One plugin. */
export interface RawPlugin {
  readonly name: string;
  readonly source: string;
  readonly platform?: string | undefined;
  readonly kind?: string | undefined;
  readonly integrity?: string | undefined;
  readonly grants?: RawGrants | undefined;
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}

/** What a plugin gets. */
export interface RawGrants {
  readonly hosts?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly paths?: readonly string[] | undefined;
  readonly memory?: RawQuantity | undefined;
  readonly timeout?: RawQuantity | undefined;
}

/** Settings of the front for Developer Hub. */
export interface RawBackstage {
  readonly strictFallback?: boolean | undefined;
  readonly platform?: string | undefined;
}

/** `64MiB`, `5s`, or a plain number. */
export type RawQuantity = string | number;

/** The limits that a file may set: a `LimitTable`, whatever its names. */
export interface KnownLimits {
  readonly specs: Readonly<Record<string, LimitSpec>>;
}
