import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Cleanup } from './cleanup.ts';
import { listenOnLoopback } from './listen.ts';
import type { NeededAccess } from './registry-auth.ts';

/** One request for a token. */
export interface TokenRequest {
  readonly method: string;
  /** Query of a GET, form of a POST. */
  readonly parameters: URLSearchParams;
  /** `scope` parameters, one each. */
  readonly scopes: readonly string[];
  readonly authorization: string | undefined;
}

/** Options of {@link startTokenServer}; by default it gives everybody what they ask for, for 300 seconds. */
export interface TokenServerOptions {
  /** Password by user name; then nobody else gets a token, unless `anonymous`. */
  readonly users?: Readonly<Record<string, string>>;
  /** Identity tokens that a POST may exchange. */
  readonly identityTokens?: readonly string[];
  /** Whether requests without a credential get a token in spite of `users`. */
  readonly anonymous?: boolean;
  /** What is granted of the scopes that were asked for. Default: all of them. */
  readonly grant?: (scopes: readonly string[]) => readonly string[];
  /** `expires_in` of the answer, any JSON; undefined leaves it out. Default 300. */
  readonly expiresIn?: unknown;
  /** `issued_at` of the answer; undefined leaves it out. */
  readonly issuedAt?: unknown;
  /** The field that holds the token. Default `token`. */
  readonly field?: 'token' | 'access_token';
  /** What a POST is answered with. Default: a token. */
  readonly post?: 404 | 405;
  /** Answers instead of the token server when it returns something. */
  readonly answer?: (request: TokenRequest, count: number) => TokenAnswer | undefined;
}

/** A raw answer of a token server. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A token service that runs for one test. */
export interface TokenServer {
  /** The URL for the challenge's `realm`. */
  readonly realm: string;
  readonly service: string;
  readonly address: string;
  readonly requests: readonly TokenRequest[];
  /** Whether a token gives this access; any token passes when none is needed. */
  allows(token: string, need: NeededAccess | undefined): boolean;
  /** The registry stops accepting every token issued so far. */
  revoke(): void;
  close(): Promise<void>;
}

/** Starts a token service on a free loopback port and stops it after the test. */
export async function startTokenServer(t: Cleanup, options: TokenServerOptions = {}): Promise<TokenServer> {
  const requests: TokenRequest[] = [];
  const granted = new Map<string, readonly string[]>();

  const server = createServer((request, response) => {
    void readTokenRequest(request).then((asked) => {
      requests.push(asked);
      const { status, body, headers } = options.answer?.(asked, requests.length) ?? issue(asked, options, granted);
      send(response, status, body, headers);
    });
  });
  const { address, close } = await listenOnLoopback(t, server);
  return {
    realm: `http://${address}/token`,
    service: 'registry.test',
    address,
    requests,
    allows: (token, need) => {
      const scopes = granted.get(token);
      if (scopes === undefined || need === undefined) return scopes !== undefined;
      return scopes.some((scope) => scopeAllows(scope, need));
    },
    revoke: () => granted.clear(),
    close,
  };
}

function issue(asked: TokenRequest, options: TokenServerOptions, granted: Map<string, readonly string[]>): TokenAnswer {
  if (asked.method === 'POST' && options.post !== undefined) return { status: options.post, body: '' };
  if (!isKnown(asked, options)) return { status: 401, body: '{"errors":[{"code":"UNAUTHORIZED"}]}' };
  const token = `token-${randomUUID()}`;
  granted.set(token, options.grant?.(asked.scopes) ?? asked.scopes);
  const expires = 'expiresIn' in options ? options.expiresIn : 300;
  const document = { [options.field ?? 'token']: token, expires_in: expires, issued_at: options.issuedAt };
  return { status: 200, body: JSON.stringify(document) };
}

function isKnown(asked: TokenRequest, options: TokenServerOptions): boolean {
  const refreshToken = asked.parameters.get('refresh_token');
  if (refreshToken !== null) return options.identityTokens?.includes(refreshToken) ?? false;
  const [, encoded] = /^basic (.+)$/i.exec(asked.authorization ?? '') ?? [];
  const [, name, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  const user = name ?? asked.parameters.get('username');
  if (user === null) {
    const closed = options.users !== undefined || options.identityTokens !== undefined;
    return options.anonymous ?? !closed;
  }
  const users = options.users ?? {};
  return Object.hasOwn(users, user) && users[user] === (password ?? asked.parameters.get('password'));
}

function scopeAllows(scope: string, need: NeededAccess): boolean {
  const [, repository, actions] = /^repository:(.+):([^:]*)$/.exec(scope) ?? [];
  const list = actions?.split(',') ?? [];
  return repository === need.repository && (list.includes(need.action) || list.includes('*'));
}

async function readTokenRequest(request: IncomingMessage): Promise<TokenRequest> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const query = (request.url ?? '').split('?', 2)[1] ?? '';
  const parameters = new URLSearchParams(request.method === 'POST' ? Buffer.concat(chunks).toString() : query);
  const scopes = parameters.getAll('scope').flatMap((scope) => scope.split(' '));
  return { method: request.method ?? '', parameters, scopes, authorization: request.headers.authorization };
}

function send(response: ServerResponse, status: number, body: string, headers: TokenAnswer['headers']): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
}
