import type { Environment } from '../environment.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import type { AddressKind } from './addresses.ts';
import type { Answer } from './answer.ts';
import { ConnectionPool, type Peer } from './connection-pool.ts';
import { Connector } from './connector.ts';
import { type ExchangeRequest, exchange } from './exchange.ts';
import { authorityOf, hostOf, originOf, portOf } from './origin.ts';
import type { KnownRegistry, SettingsLookup } from './origin-policy.ts';
import { type ProxyRoute, proxyFor } from './proxy-rules.ts';
import { Rests } from './rests.ts';
import { TlsTrust } from './tls-trust.ts';

/** One stop of a request on its way: where, on behalf of which registry, and how far it is trusted. */
export interface Hop {
  readonly url: URL;
  readonly registry: KnownRegistry;
  /** The registry's own origin, a host its settings list, or one a server named while the registry was in that zone. */
  readonly trust: 'own' | 'listed' | AddressKind;
  /** Throws when a resolved address of the host must not be dialled. */
  readonly check: (address: string) => void;
}

const USER_AGENT = 'gantry';
/** Pools that are kept while nobody uses them. */
const MOST_POOLS = 100;

/** Connections, pooled by origin, registry and trust; every exchange of a transport goes through {@link Wire.send}. */
export class Wire {
  readonly environment: Environment;
  readonly rests: Rests;
  readonly #connector: Connector;
  readonly #pools = new Map<string, ConnectionPool>();

  constructor(environment: Environment, settingsOf: SettingsLookup) {
    this.environment = environment;
    this.rests = new Rests(environment);
    this.#connector = new Connector(environment, new TlsTrust(environment, settingsOf));
  }

  /** One exchange with the hop's host; redirects and refusals are answers like any other. */
  async send(
    hop: Hop,
    request: Omit<ExchangeRequest, 'url' | 'target'>,
    op: Op | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { url } = hop;
    const proxy = proxyFor(url, this.environment.env);
    // A plain http proxy reads the request itself; towards https it only carries bytes.
    const spokenTo = url.protocol === 'http:' ? proxy : undefined;
    const headers = {
      'user-agent': USER_AGENT,
      // Blobs are hashed as they are sent, so no coding is asked for.
      'accept-encoding': 'identity',
      ...request.headers,
      ...(spokenTo?.authorization === undefined ? {} : { 'proxy-authorization': spokenTo.authorization }),
    };
    const target = spokenTo === undefined ? undefined : `${url.origin}${url.pathname}${url.search}`;
    return exchange(
      { ...request, headers, url, ...(target === undefined ? {} : { target }) },
      {
        environment: this.environment,
        pool: this.#pool(hop, proxy, op),
        op,
        signal,
        rested: () => this.rests.over(originOf(url), signal),
      },
    );
  }

  /** The kind of the address an answer came from; `public` when a proxy resolved the name. */
  zoneOf(answer: Answer): AddressKind {
    return this.#connector.kindOf(answer.socket);
  }

  /** Closes every connection. */
  close(): void {
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }

  #pool(hop: Hop, proxy: ProxyRoute | undefined, op: Op | undefined): ConnectionPool {
    const origin = originOf(hop.url);
    const key = `${origin} ${hop.registry.name} ${hop.trust}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      const peer: Peer = {
        key,
        origin,
        host: hostOf(hop.url),
        port: portOf(hop.url),
        authority: authorityOf(hop.url),
        proxy,
        registry: hop.registry.name,
        own: hop.trust === 'own',
        check: hop.check,
      };
      this.#dropIdlePools();
      const limits = { size: ociLimits(op, 'connectionsPerOrigin'), idle: ociLimits(op, 'idleConnection') };
      pool = new ConnectionPool(peer, limits, this.#connector.connect);
      this.#pools.set(key, pool);
    }
    return pool;
  }

  /** A registry can redirect every request to another host: what is kept of them has an end. */
  #dropIdlePools(): void {
    if (this.#pools.size < MOST_POOLS) return;
    for (const [key, pool] of this.#pools) {
      if (!pool.idle) continue;
      pool.close();
      this.#pools.delete(key);
    }
  }
}
