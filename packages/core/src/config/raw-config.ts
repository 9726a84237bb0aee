import type { LimitSpec } from '@gantry/oci';
import type { Requirement } from '../trust/policy.ts';

/** A gantry.yaml as it is written, after its shape was checked. */
export interface RawConfig {
  readonly schemaVersion: 1;
  readonly registries?: Readonly<Record<string, RawRegistry>> | undefined;
  readonly trust?: readonly RawTrustEntry[] | undefined;
  readonly plugins?: readonly RawPlugin[] | undefined;
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

/** One trust entry. */
export interface RawTrustEntry {
  readonly scope: string;
  readonly require: Requirement;
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

/** `64MiB`, `5s`, or a plain number. */
export type RawQuantity = string | number;

/** The limits that a file may set: a `LimitTable`, whatever its names. */
export interface KnownLimits {
  readonly specs: Readonly<Record<string, LimitSpec>>;
}
