import type { CredentialSource } from '../credentials/credential.ts';
import type { Environment } from '../environment.ts';
import type { Op } from '../op.ts';
import type { AddressKind } from './addresses.ts';

/** `registries.<host[:port]>` of gantry.yaml, for library users too. */
export interface RegistrySettings {
  /** Hosts, `host[:port]`, whose token service may receive this registry's credential. */
  readonly tokenHosts?: readonly string[];
  readonly caFile?: string;
  readonly clientCertFile?: string;
  readonly clientKeyFile?: string;
  readonly plainHttp?: boolean;
  /** Takes any certificate from the registry's own origin. For files of others that say so: no certificate, no proof. */
  readonly anyCertificate?: boolean;
  /** How blobs are uploaded. Default: POST, then one PUT. */
  readonly upload?: 'monolithic' | 'single-post' | 'chunked';
  /** `host[:port][/prefix]` asked in order before the registry itself, by digest and by tag. */
  readonly mirrors?: readonly string[];
}

/** What a {@link Transport} is made from. */
export interface TransportOptions {
  /** Keyed by `host[:port]` as the user writes it in references. */
  readonly registries?: Readonly<Record<string, RegistrySettings>>;
  readonly credentials?: CredentialSource;
  /** Every request fails with `REGISTRY_OFFLINE` before a socket is opened. */
  readonly offline?: boolean;
  readonly environment?: Environment;
}

/** What a request needs permission for; becomes a token scope. */
export interface Access {
  readonly repository: string;
  readonly actions: readonly ('pull' | 'push' | 'delete')[];
}

/** A request to a registry, or to a place that the registry named. */
export interface TransportRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Built from parts by the caller, or a Location the registry gave, resolved by {@link Transport.locate}. */
  readonly url: URL;
  /** The registry, `host[:port]` as in the reference, whose settings, credentials and address rules apply. */
  readonly registry: string;
  /** One entry, or two for a mount. Empty for `/v2/` itself. */
  readonly access: readonly Access[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /**
   * For services that are no registries: the value of the Authorization header, or null for none. The registry's own
   * credential then stays out, no challenge is answered, and the value is taken out of everything the service says back.
   */
  readonly authorization?: string | null;
  /**
   * For a URL on another origin that a document of the registry names: the address the registry was reached at when it
   * did. The host is then judged as after a redirect, and gets nothing of ours.
   */
  readonly namedAt?: AddressKind;
  /** Statuses that are returned to the caller; every other one becomes a `REGISTRY_*` error. */
  readonly accept: readonly number[];
  /**
   * Whether the request may be sent again after a fault. Default: true for GET, HEAD, PUT and DELETE.
   * A 429 says that nothing was done and is repeated in any case.
   */
  readonly repeatable?: boolean;
}

/** A body that can be produced again, with its exact length. */
export interface RequestBody {
  readonly length: number;
  readonly content: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** An accepted answer. Its body must be read to the end, limited, or discarded. */
export interface TransportResponse {
  readonly status: number;
  /** Where the answer came from after redirects; never contains userinfo. */
  readonly url: URL;
  /** True when a redirect left the registry's origin on the way. */
  readonly crossOrigin: boolean;
  /** The kind of the address the registry itself was reached at. */
  readonly zone: AddressKind;
  /** The header's value, several joined with ", "; undefined when absent. Names are case-insensitive. */
  header(name: string): string | undefined;
  /** The raw body: idle time-out, minimum rate and the signal are enforced; digest and size are the caller's. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The whole body, at most `limit` bytes, else `REGISTRY_LIMIT`. */
  bytes(limit: number): Promise<Uint8Array>;
  /** Drops the body; keeps the connection when little is left of it. */
  discard(): Promise<void>;
}

/**
 * Everything that touches the network: origin policy, addresses, TLS, proxies, authentication, retries, deadlines.
 * One for a process; connections and tokens are shared by everything that uses it.
 */
export interface Transport extends AsyncDisposable {
  request(request: TransportRequest, op?: Op): Promise<TransportResponse>;
  /** `https://host[:port]` of a registry, `http://` where settings or a loopback rule say so. */
  baseUrl(registry: string): URL;
  /**
   * Resolves a Location or Link target that a registry named, against the URL it came from. Refuses
   * (`REGISTRY_REDIRECT_REFUSED`) what leaves the origin; the query is kept as it is.
   */
  locate(target: string, from: URL, registry: string): URL;
  /** The settings of a registry; empty when it has none. */
  settings(registry: string): RegistrySettings;
  readonly environment: Environment;
}
