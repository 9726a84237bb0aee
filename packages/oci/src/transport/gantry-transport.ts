import type { Environment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import type { Answer } from './answer.ts';
import { ConnectionPool, type Peer } from './connection-pool.ts';
import { Connector } from './connector.ts';
import { type Deadline, startDeadline } from './deadline.ts';
import { answerError } from './error-answer.ts';
import { exchange } from './exchange.ts';
import { authorityOf, displayUrl, hostOf, originOf, portOf } from './origin.ts';
import {
  addressCheck,
  judgeOwnUrl,
  judgeServerUrl,
  type KnownRegistry,
  knownRegistry,
  type SettingsLookup,
  settingsLookup,
  userHostCheck,
} from './origin-policy.ts';
import { backoff, isPassing, isPassingStatus, retryAfter } from './retry.ts';
import { TlsTrust } from './tls-trust.ts';
import type {
  RegistrySettings,
  Transport,
  TransportOptions,
  TransportRequest,
  TransportResponse,
} from './transport.ts';
import { responseOf } from './transport-response.ts';

export class GantryTransport implements Transport {
  readonly environment: Environment;
  readonly #offline: boolean;
  readonly #settingsOf: SettingsLookup;
  readonly #connector: Connector;
  readonly #pools = new Map<string, ConnectionPool>();

  constructor(options: TransportOptions, environment: Environment) {
    this.environment = environment;
    this.#offline = options.offline ?? false;
    this.#settingsOf = settingsLookup(options.registries);
    this.#connector = new Connector(environment, new TlsTrust(this.#settingsOf));
  }

  settings(registry: string): RegistrySettings {
    return this.#settingsOf(registry);
  }

  baseUrl(registry: string): URL {
    return knownRegistry(registry, this.#settingsOf).base;
  }

  locate(target: string, from: URL, registry: string): URL {
    return judgeOwnUrl(target, from, knownRegistry(registry, this.#settingsOf));
  }

  async request(request: TransportRequest, op?: Op): Promise<TransportResponse> {
    const registry = knownRegistry(request.registry, this.#settingsOf);
    if (this.#offline) {
      throw ociError('REGISTRY_OFFLINE', `${request.method} ${displayUrl(request.url)} needs the network`, {
        details: { registry: registry.name },
      });
    }
    const limit = ociLimits(op, 'operationTimeout');
    const deadline = startDeadline(this.environment, limit, op?.signal, () =>
      ociError('REGISTRY_TIMEOUT', `${request.method} ${displayUrl(request.url)} took longer than ${limit} ms`, {
        details: { limit: 'operationTimeout', milliseconds: limit },
      }),
    );
    try {
      const { answer, crossOrigin } = await this.#attempts(request, registry, op, deadline);
      answer.afterwards(() => deadline.end());
      return responseOf(answer, crossOrigin);
    } catch (error) {
      deadline.end();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }

  async #attempts(
    request: TransportRequest,
    registry: KnownRegistry,
    op: Op | undefined,
    deadline: Deadline,
  ): Promise<{ answer: Answer; crossOrigin: boolean }> {
    const repeatable = request.repeatable ?? (request.method !== 'POST' && request.method !== 'PATCH');
    const attempts = ociLimits(op, 'retries');
    for (let attempt = 1; ; attempt += 1) {
      let wait: number;
      let reason: string;
      try {
        const result = await this.#follow(request, registry, op, deadline);
        const { status } = result.answer;
        if (request.accept.includes(status)) return result;
        // 429 says that nothing was done, so even a POST may come again.
        const again = attempt < attempts && isPassingStatus(status) && (repeatable || status === 429);
        if (!again) throw await answerError(result.answer, request, registry, attempt);
        wait =
          retryAfter(result.answer.header('retry-after'), this.environment, op) ??
          backoff(attempt, this.environment, op);
        reason = `status ${status}`;
        await result.answer.discard();
      } catch (error) {
        deadline.signal.throwIfAborted();
        if (!repeatable || attempt >= attempts || !isPassing(error)) throw error;
        wait = backoff(attempt, this.environment, op);
        reason = error.code;
      }
      op?.onEvent?.({ type: 'retry', url: displayUrl(request.url), attempt, waitMs: wait, reason });
      await this.environment.sleep(wait, deadline.signal);
    }
  }

  /** One attempt: the request and the redirects it meets. */
  async #follow(
    request: TransportRequest,
    registry: KnownRegistry,
    op: Op | undefined,
    deadline: Deadline,
  ): Promise<{ answer: Answer; crossOrigin: boolean }> {
    let url = request.url;
    let left = originOf(url) !== registry.origin;
    for (let hops = 0; ; hops += 1) {
      const peer = this.#peer(url, registry);
      const answer = await exchange(
        {
          method: request.method,
          url,
          headers: { 'user-agent': 'gantry', 'accept-encoding': 'identity', ...request.headers },
          ...(request.body === undefined ? {} : { body: request.body }),
        },
        { environment: this.environment, pool: this.#pool(peer, op), op, signal: deadline.signal },
      );
      const location = answer.header('location');
      if (
        answer.status < 301 ||
        answer.status > 308 ||
        location === undefined ||
        request.accept.includes(answer.status)
      ) {
        return { answer, crossOrigin: left };
      }
      if (hops >= ociLimits(op, 'redirects'))
        throw ociError('REGISTRY_LIMIT', `${displayUrl(request.url)}: too many redirects`);
      await answer.discard();
      url = judgeServerUrl(location, url, registry, this.#connector.kindOf(answer.socket), this.#settingsOf);
      left ||= originOf(url) !== registry.origin;
    }
  }

  #peer(url: URL, registry: KnownRegistry): Peer {
    const origin = originOf(url);
    const own = origin === registry.origin;
    return {
      key: `${origin} ${registry.name} ${own}`,
      origin,
      host: hostOf(url),
      port: portOf(url),
      registry: own ? registry.name : authorityOf(url),
      own,
      check: own ? userHostCheck(registry) : addressCheck(registry, url, 'public'),
    };
  }

  #pool(peer: Peer, op: Op | undefined): ConnectionPool {
    let pool = this.#pools.get(peer.key);
    if (pool === undefined) {
      pool = new ConnectionPool(peer, ociLimits(op, 'connectionsPerOrigin'), this.#connector.connect);
      this.#pools.set(peer.key, pool);
    }
    return pool;
  }
}
