import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TokenServer } from './token-server.ts';

/** How a scripted registry lets people in. */
export type RegistryAuth =
  | {
      readonly kind: 'basic';
      /** Password by user name. */
      readonly users: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'bearer';
      readonly tokens: TokenServer;
      /** Replaces the whole `WWW-Authenticate`; several for several headers. Default: realm, service and scope. */
      readonly challenge?: string | readonly string[] | ((scope: string) => string | readonly string[]);
      /** The realm in the default challenge. Default: the token server's. */
      readonly realm?: string;
    };

/** What a request needs: `pull`, `push` or `delete` of a repository; nothing for `/v2/`. */
export interface NeededAccess {
  readonly repository: string;
  readonly action: 'pull' | 'push' | 'delete';
}

/** Answers 401 and returns true unless the request may pass. */
export function refuseUnauthorized(auth: RegistryAuth, request: IncomingMessage, response: ServerResponse): boolean {
  const need = neededAccess(request);
  const authorization = request.headers.authorization ?? '';
  if (auth.kind === 'basic') {
    if (basicPasses(auth.users, authorization)) return false;
    refuse(response, 'Basic realm="registry"');
    return true;
  }
  const [scheme = '', token = ''] = authorization.split(' ', 2);
  if (scheme.toLowerCase() === 'bearer' && auth.tokens.allows(token, need)) return false;
  const scope = need === undefined ? '' : `repository:${need.repository}:${scopeActions(need)}`;
  refuse(response, challengeFor(auth, scope, scheme !== ''));
  return true;
}

function scopeActions(need: NeededAccess): string {
  return need.action === 'push' ? 'pull,push' : need.action;
}

function challengeFor(
  auth: Extract<RegistryAuth, { kind: 'bearer' }>,
  scope: string,
  hadToken: boolean,
): string | readonly string[] {
  if (typeof auth.challenge === 'function') return auth.challenge(scope);
  if (auth.challenge !== undefined) return auth.challenge;
  const parts = [`realm="${auth.realm ?? auth.tokens.realm}"`, `service="${auth.tokens.service}"`];
  if (scope !== '') parts.push(`scope="${scope}"`);
  if (hadToken) parts.push('error="invalid_token"');
  return `Bearer ${parts.join(',')}`;
}

function neededAccess(request: IncomingMessage): NeededAccess | undefined {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const repository = /^\/v2\/(.+)\/(?:manifests|blobs|tags|referrers)\//.exec(path)?.[1];
  if (repository === undefined) return undefined;
  const name = repository.replace(/\/blobs$/, '');
  const reading = request.method === 'GET' || request.method === 'HEAD';
  if (reading && !path.includes('/blobs/uploads/')) return { repository: name, action: 'pull' };
  const deleting = request.method === 'DELETE' && !path.includes('/blobs/uploads/');
  return { repository: name, action: deleting ? 'delete' : 'push' };
}

function basicPasses(users: Readonly<Record<string, string>>, authorization: string): boolean {
  const [, encoded] = /^basic ([A-Za-z0-9+/=]+)$/i.exec(authorization) ?? [];
  const [, name, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  return name !== undefined && Object.hasOwn(users, name) && users[name] === password;
}

function refuse(response: ServerResponse, challenge: string | readonly string[]): void {
  const body = JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] });
  response.writeHead(401, {
    'www-authenticate': typeof challenge === 'string' ? challenge : [...challenge],
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
