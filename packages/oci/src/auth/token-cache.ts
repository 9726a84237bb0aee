import { createHash } from 'node:crypto';
import type { Credential } from '../credentials/credential.ts';
import type { Environment } from '../environment.ts';
import type { Op } from '../op.ts';
import { originOf } from '../transport/origin.ts';
import type { Access } from '../transport/transport.ts';
import type { Hop, Wire } from '../transport/wire.ts';
import { covers, scopesOf } from './access.ts';
import { SharedTask } from './shared-task.ts';
import type { Token } from './token-answer.ts';
import { requestToken } from './token-service.ts';

/** Tokens that are kept at the same time. */
const MOST_TOKENS = 1000;

/** What a token is for, apart from its scope. */
export interface TokenAudience {
  readonly hop: Hop;
  readonly service: string | undefined;
  readonly credential: Credential | undefined;
}

interface Held {
  readonly key: string;
  readonly access: readonly Access[];
  readonly token: Token;
}

/**
 * Tokens by registry origin, realm, service and credential; within those by access: a token that was asked for more
 * serves for less. Requests for the same token at the same time are one.
 */
export class TokenCache {
  readonly #wire: Wire;
  readonly #environment: Environment;
  #held: readonly Held[] = [];
  readonly #running = new Map<string, SharedTask<Token>>();

  constructor(wire: Wire) {
    this.#wire = wire;
    this.#environment = wire.environment;
  }

  /** A token for this access, from the cache or from the token service. */
  async get(
    audience: TokenAudience,
    access: readonly Access[],
    op: Op | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const key = audienceKey(audience);
    const now = this.#environment.monotonic();
    const held = this.#held.find(
      (entry) =>
        entry.key === key &&
        entry.token.expiresAt > now &&
        covers(entry.access, access) &&
        (access.length > 0 || entry.access.length === 0),
    );
    if (held !== undefined) return held.token.value;
    return (await this.#fetch(key, audience, access, op).wait(signal)).value;
  }

  /** Forgets a token that the registry did not accept. */
  drop(audience: TokenAudience, value: string): void {
    const key = audienceKey(audience);
    this.#held = this.#held.filter((entry) => entry.key !== key || entry.token.value !== value);
  }

  #fetch(key: string, audience: TokenAudience, access: readonly Access[], op: Op | undefined): SharedTask<Token> {
    const scopes = scopesOf(access);
    const taskKey = `${key} ${scopes.join(' ')}`;
    const running = this.#running.get(taskKey);
    if (running !== undefined && !running.abandoned) return running;
    const task = new SharedTask(async (signal) => {
      try {
        // Others may wait for it when the one who began is gone: that one's signal means nothing here.
        const token = await requestToken(this.#wire, { ...audience, scopes }, { ...op, signal }, signal);
        this.#hold({ key, access, token });
        return token;
      } finally {
        if (this.#running.get(taskKey) === task) this.#running.delete(taskKey);
      }
    });
    this.#running.set(taskKey, task);
    return task;
  }

  /** Keeps a token; those that expired go, and the oldest when a registry names ever new realms. */
  #hold(held: Held): void {
    const now = this.#environment.monotonic();
    this.#held = [...this.#held.filter(({ token }) => token.expiresAt > now), held].slice(-MOST_TOKENS);
  }
}

function audienceKey({ hop, service, credential }: TokenAudience): string {
  // A hash, so that no secret lives in a key longer than in the credential itself.
  const holder = createHash('sha256')
    .update(JSON.stringify(credential ?? null))
    .digest('hex');
  return JSON.stringify([
    hop.registry.name,
    originOf(hop.url),
    hop.url.pathname + hop.url.search,
    service ?? null,
    holder,
  ]);
}
