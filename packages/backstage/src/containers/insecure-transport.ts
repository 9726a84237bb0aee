import {
  type Environment,
  isGantryError,
  type Op,
  type RegistrySettings,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '@gantry/oci';

/** What says that a registry does not speak TLS, or not here. */
const NO_TLS: readonly string[] = ['REGISTRY_TLS', 'REGISTRY_UNREACHABLE', 'REGISTRY_TIMEOUT', 'REGISTRY_PROTOCOL'];

/** The two ways to an insecure registry. */
export interface InsecureWays {
  /** TLS with any certificate. */
  readonly tls: Transport;
  readonly plain: Transport;
}

/**
 * The transport of one registry that is `insecure = true`: TLS with whatever certificate it has, else plain HTTP, as
 * containers/image does it. Which one is asked before the first request, without credentials, and kept once it is known.
 */
export class InsecureTransport implements Transport {
  readonly environment: Environment;
  readonly #ways: InsecureWays;
  #way: Transport;
  #finding: Promise<void> | undefined;

  constructor(ways: InsecureWays) {
    this.#ways = ways;
    this.#way = ways.tls;
    this.environment = ways.tls.environment;
  }

  async request(request: TransportRequest, op?: Op): Promise<TransportResponse> {
    this.#finding ??= this.#find(request.registry, op);
    const finding = this.#finding;
    try {
      await finding;
    } catch (error) {
      if (this.#finding === finding) this.#finding = undefined;
      throw error;
    }
    const { url, registry } = request;
    const base = this.#way.baseUrl(registry);
    const first = this.#ways.tls.baseUrl(registry);
    if (base.protocol === url.protocol || url.origin !== first.origin) return this.#way.request(request, op);
    return this.#way.request({ ...request, url: new URL(url.pathname + url.search, base) }, op);
  }

  baseUrl(registry: string): URL {
    return this.#way.baseUrl(registry);
  }

  locate(target: string, from: URL, registry: string): URL {
    return this.#way.locate(target, from, registry);
  }

  settings(registry: string): RegistrySettings {
    return this.#way.settings(registry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#ways.tls[Symbol.asyncDispose](), this.#ways.plain[Symbol.asyncDispose]()]);
  }

  async #find(registry: string, op?: Op): Promise<void> {
    try {
      await ping(this.#ways.tls, registry, op);
    } catch (error) {
      if (!isGantryError(error) || !NO_TLS.includes(error.code)) throw error;
      try {
        await ping(this.#ways.plain, registry, op);
      } catch (second) {
        // Neither way leads there; the first says more.
        throw isGantryError(second) ? error : second;
      }
      this.#way = this.#ways.plain;
    }
  }
}

/** Asks for `/v2/` once, with nothing of ours. Whatever status it answers with, it answers. */
async function ping(transport: Transport, registry: string, op?: Op): Promise<void> {
  const url = new URL('/v2/', transport.baseUrl(registry));
  const accept = [200, 401, 403, 404, 429, 500, 502, 503, 504];
  const once = { ...op, limits: { ...op?.limits, retries: 1 } };
  const response = await transport.request(
    { method: 'GET', url, registry, access: [], authorization: null, accept },
    once,
  );
  await response.discard();
}
