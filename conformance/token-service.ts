/** A token service as Debian's docker-registry wants one: a signed token for the scopes that are asked for. */
import { createPrivateKey, type KeyObject, randomUUID, sign, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { selfSigned } from './certificates.ts';

/** A token service with one user. */
export interface TokenService {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** What docker-registry is configured with, YAML under `auth:`. */
  readonly auth: string;
  /** The scopes of each request that had the right credential. */
  readonly scopes: readonly (readonly string[])[];
}

const issuer = 'issuer';
const service = 'registry.test';

/** Starts a service that gives `user` what it asks for, and everybody else 401. */
export async function startTokenService(
  t: TestContext,
  user: { readonly username: string; readonly password: string },
): Promise<TokenService> {
  const signing = await selfSigned(t, 'token', 'DNS:token');
  const key = createPrivateKey(await readFile(signing.key));
  const chain = [new X509Certificate(await readFile(signing.certificate)).raw.toString('base64')];
  const expected = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
  const scopes: string[][] = [];
  const server = createServer((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401).end();
      return;
    }
    const requested = new URL(request.url ?? '/', 'http://service').searchParams
      .getAll('scope')
      .flatMap((scope) => scope.split(' '));
    scopes.push(requested);
    const token = signedToken(user.username, requested, key, chain);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token, expires_in: 300 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const realm = `http://${address}/token`;
  const auth = `token: {realm: "${realm}", service: ${service}, issuer: ${issuer}, rootcertbundle: ${signing.certificate}}`;
  return { address, auth, scopes };
}

function signedToken(subject: string, scopes: readonly string[], key: KeyObject, x5c: readonly string[]): string {
  const now = Math.floor(Date.now() / 1000);
  const access = scopes.map((scope) => {
    const [type, name, actions] = scope.split(':');
    return { type, name, actions: actions?.split(',') };
  });
  const times = { exp: now + 300, nbf: now - 10, iat: now };
  const claims = { iss: issuer, sub: subject, aud: service, ...times, jti: randomUUID(), access };
  const body = [{ typ: 'JWT', alg: 'ES256', x5c }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' });
  return `${body}.${signature.toString('base64url')}`;
}
