import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { memoryStorage, type RegistryOptions, serveRegistry } from '@gantry/registry';
import type { Cleanup } from './cleanup.ts';
import { type RegistryAuth, refuseUnauthorized } from './registry-auth.ts';
import { recordRequests } from './request-log.ts';
import { answerScripted, askRegistry } from './scripted-answer.ts';
import { type Rule, RuleBook } from './scripted-rule.ts';
import type { TestRegistry } from './start-registry.ts';

/** Options of {@link scriptedRegistry}. */
export interface ScriptOptions extends Partial<Omit<RegistryOptions, 'onRequest'>> {
  /** Who may do what; checked before the rules. Default: everybody everything. */
  readonly auth?: RegistryAuth;
}

/** A {@link TestRegistry} whose rules can be changed while it runs. */
export interface ScriptedRegistry extends TestRegistry {
  /** Replaces all rules; counting starts again. */
  script(rules: readonly Rule[]): void;
  /** How many TCP connections clients opened. */
  readonly connections: () => number;
}

/**
 * A registry that misbehaves as told: the real one from `@gantry/registry`, with rules over its answers. Requests that
 * match no rule reach it untouched. Closed after the test, with whatever still stalls.
 */
export async function scriptedRegistry(
  t: Cleanup,
  rules: readonly Rule[] = [],
  options: ScriptOptions = {},
): Promise<ScriptedRegistry> {
  const { auth, ...registryOptions } = options;
  const bypassName = 'x-testkit-bypass';
  const bypass = randomUUID();
  const log = recordRequests();
  const sockets = new Set<IncomingMessage['socket']>();
  let connections = 0;
  let book = new RuleBook(rules);

  const onRequest = async (
    request: IncomingMessage,
    response: ServerResponse,
    next: () => Promise<void>,
  ): Promise<void> => {
    if (request.headers[bypassName] === bypass) return next();
    if (!sockets.has(request.socket)) {
      connections += 1;
      sockets.add(request.socket);
      request.socket.once('close', () => sockets.delete(request.socket));
    }
    log.record(request, response);
    if (auth !== undefined && refuseUnauthorized(auth, request, response)) return;
    const effect = book.effectFor(request);
    if (effect === undefined) return next();
    await answerScripted(request, response, effect, ask);
  };

  const storage = registryOptions.storage ?? memoryStorage();
  const server = await serveRegistry({ ...registryOptions, storage, onRequest });
  const ask = askRegistry(() => server.url, { [bypassName]: bypass });
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return server.close();
  };
  t.after(close);
  return {
    address: server.address,
    url: server.url,
    storage,
    log,
    connections: () => connections,
    script: (next) => {
      book = new RuleBook(next);
    },
    close,
  };
}
