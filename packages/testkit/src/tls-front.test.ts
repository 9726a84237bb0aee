import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { certificateAuthority } from './certificate.ts';
import { startRegistry } from './start-registry.ts';
import { startTlsFront } from './tls-front.ts';

async function ask(url: string, options: RequestOptions): Promise<[number | undefined, string]> {
  const asked = request(url, { agent: false, ...options }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return [response.statusCode, await text(response)];
}

test('a registry behind TLS, and behind client certificates', async (t) => {
  const authority = certificateAuthority();
  const registry = await startRegistry(t);
  const open = await startTlsFront(t, authority.issue(), registry.address);
  assert.deepEqual(await ask(`${open.url}/v2/`, { ca: authority.cert }), [200, '{}']);

  const tls = { ...authority.issue(), ca: authority.cert, requestCert: true, rejectUnauthorized: true };
  const strict = await startTlsFront(t, tls, registry.address);
  await assert.rejects(ask(`${strict.url}/v2/`, { ca: authority.cert }));
  const client = authority.issue({ names: ['ann'] });
  assert.deepEqual(await ask(`${strict.url}/v2/`, { ca: authority.cert, ...client }), [200, '{}']);
  assert.deepEqual([open.clientCertificates(), strict.clientCertificates()], [0, 1]);
});
