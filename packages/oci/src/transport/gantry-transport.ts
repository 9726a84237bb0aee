import { Authenticator, type Authorization, missingAccess } from '../auth/authenticator.ts';
import type { Environment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import type { AddressKind } from './addresses.ts';
import type { Answer } from './answer.ts';
import { startDeadline } from './deadline.ts';
import { answerError } from './error-answer.ts';
import { displayUrl, originOf } from './origin.ts';
import {
  judgeOwnUrl,
  type KnownRegistry,
  knownRegistry,
  type SettingsLookup,
  settingsLookup,
  userHostCheck,
} from './origin-policy.ts';
import { followRedirect, isRedirect, strangerHeaders } from './redirects.ts';
import { persist } from './retry.ts';
import type {
  RegistrySettings,
  Transport,
  TransportOptions,
  TransportRequest,
  TransportResponse,
} from './transport.ts';
import { responseOf } from './transport-response.ts';
import { Warnings } from './warnings.ts';
import { type Hop, Wire } from './wire.ts';

/** One call of {@link Transport.request} on its way. */
interface Journey {
  readonly request: TransportRequest;
  readonly registry: KnownRegistry;
  readonly op: Op | undefined;
  readonly signal: AbortSignal;
  /** Set by the last attempt. */
  left: boolean;
  /** Where the registry was reached; known from the first answer on. */
  zone: AddressKind | undefined;
  authorization: Authorization | undefined;
}

/** The {@link Transport} over node:http connections. */
export class GantryTransport implements Transport {
  readonly environment: Environment;
  readonly #offline: boolean;
  readonly #settingsOf: SettingsLookup;
  readonly #wire: Wire;
  readonly #authenticator: Authenticator;
  readonly #warnings = new Warnings();

  constructor(options: TransportOptions, environment: Environment) {
    this.environment = environment;
    this.#offline = options.offline ?? false;
    this.#settingsOf = settingsLookup(options.registries);
    this.#wire = new Wire(environment, this.#settingsOf);
    this.#authenticator = new Authenticator(this.#wire, options.credentials, this.#settingsOf);
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
    op?.signal?.throwIfAborted();
    const registry = knownRegistry(request.registry, this.#settingsOf);
    const shown = `${request.method} ${displayUrl(request.url)}`;
    if (this.#offline) {
      throw ociError('REGISTRY_OFFLINE', `${shown} needs the network`, { details: { registry: registry.name } });
    }
    const limit = ociLimits(op, 'operationTimeout');
    const deadline = startDeadline(this.environment, limit, op?.signal, () =>
      ociError('REGISTRY_TIMEOUT', `${shown} took longer than ${limit} ms`, {
        details: { limit: 'operationTimeout', milliseconds: limit },
      }),
    );
    const journey: Journey = {
      request,
      registry,
      op,
      signal: deadline.signal,
      left: false,
      zone: request.namedAt,
      authorization: undefined,
    };
    try {
      const answer = await this.#persist(journey);
      answer.afterwards(deadline.end);
      return responseOf(answer, journey.left, journey.zone ?? 'public');
    } catch (error) {
      deadline.end();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wire.close();
  }

  async #persist(journey: Journey): Promise<Answer> {
    const { request, registry, op, signal } = journey;
    const repeatable = request.repeatable ?? (request.method !== 'POST' && request.method !== 'PATCH');
    const { url, accept } = request;
    const rules = { url, repeatable, environment: this.environment, op, signal, accept, rests: this.#wire.rests };
    const answer = await persist(rules, () => this.#attempt(journey));
    if (accept.includes(answer.status)) return answer;
    const { authorization } = journey;
    const missing = answer.status === 401 ? missingAccess(answer, request.access) : undefined;
    throw await answerError(answer, {
      method: request.method,
      registry,
      secrets: authorization?.secrets ?? [],
      op,
      missing: missing && { scope: missing.scope, denied: missing.named && authorization?.credentialed === true },
    });
  }

  /** The request with its authorization, and once more after a 401 that there is something to answer to. */
  async #attempt(journey: Journey): Promise<Answer> {
    const { request, registry, op, signal } = journey;
    if (request.authorization !== undefined) {
      journey.authorization = ownAuthorization(request.authorization);
      return this.#follow(journey);
    }
    const wanted = { registry, access: request.access, op, signal };
    journey.authorization = await this.#authenticator.authorize(wanted);
    const answer = await this.#follow(journey);
    // A 401 of another host is not about our credential for the registry.
    if (answer.status !== 401 || journey.left) return answer;
    const next = await this.#authenticator.answer(answer, wanted, journey.authorization);
    if (next === undefined) return answer;
    journey.authorization = next;
    await answer.discard();
    return this.#follow(journey);
  }

  /** The request and the redirects it meets. */
  async #follow(journey: Journey): Promise<Answer> {
    const { request, registry, op, signal } = journey;
    const { method } = request;
    const limit = ociLimits(op, 'redirects');
    let hop = this.#firstHop(journey, limit);
    journey.left = originOf(hop.url) !== registry.origin;
    for (let redirects = 0; ; redirects += 1) {
      // Who left the registry's origin once gets nothing of ours any more, not even back on it.
      const headers = journey.left ? strangerHeaders(request.headers) : { ...request.headers, ...authorized(journey) };
      const answer = await this.#wire.send(hop, { method, headers, body: request.body }, op, signal);
      journey.zone ??= this.#wire.zoneOf(answer);
      if (!journey.left) this.#warnings.report(answer, registry.name, op);
      const location = answer.header('location');
      if (location === undefined || !isRedirect(answer.status) || request.accept.includes(answer.status)) return answer;
      await answer.discard();
      const { zone } = journey;
      const rules = { method, status: answer.status, redirects, zone, limit, settingsOf: this.#settingsOf };
      hop = followRedirect(hop, location, rules);
      journey.left ||= originOf(hop.url) !== registry.origin;
    }
  }

  /** On the registry's own origin, or where one of its documents led: then as after a redirect. */
  #firstHop({ request, registry }: Journey, limit: number): Hop {
    const { url, method, namedAt } = request;
    const own: Hop = { url, registry, trust: 'own', check: userHostCheck(registry) };
    if (originOf(url) === registry.origin) return own;
    if (namedAt !== undefined) {
      const rules = { method, status: 302, redirects: 0, zone: namedAt, limit, settingsOf: this.#settingsOf };
      return followRedirect({ ...own, url: registry.base }, url.href, rules);
    }
    throw ociError('REGISTRY_REDIRECT_REFUSED', `${displayUrl(url)} is not on the origin of ${registry.name}`, {
      details: { registry: registry.name, url: displayUrl(url) },
    });
  }
}

/** What the caller brings itself; the scheme in front of a token is no secret. */
function ownAuthorization(header: string | null): Authorization | undefined {
  if (header === null) return undefined;
  return { header, secrets: [header, header.slice(header.indexOf(' ') + 1)], credentialed: true };
}

function authorized({ authorization }: Journey): Record<string, string> {
  return authorization === undefined ? {} : { authorization: authorization.header };
}
