import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import {
  type CertifiedKey,
  certificateAuthority,
  fakeEnvironment,
  listenOnLoopback,
  selfSigned,
  startSink,
  tempDir,
} from '@gantry/testkit';
import { ask, serveHttp, textOf } from './ask.fixture.ts';
import { openTransport } from './open-transport.ts';
import type { RegistrySettings } from './transport.ts';

const ONCE = { limits: { retries: 1 } };

interface TlsRegistry {
  readonly address: string;
  /** Common names of the client certificates that were offered; empty for none. */
  readonly clients: string[];
}

async function serveTls(
  t: TestContext,
  identity: CertifiedKey,
  options: ServerOptions = {},
  location?: string,
): Promise<TlsRegistry> {
  const clients: string[] = [];
  const server: Server = createServer({ ...identity, ...options }, (request, response) => {
    clients.push(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? ''));
    if (location === undefined) response.end('secure');
    else response.writeHead(307, { location }).end();
  });
  const { address } = await listenOnLoopback(t, server as never);
  return { address, clients };
}

/** Asks a TLS registry on loopback with these settings and this environment. */
async function reach(registry: string, settings: RegistrySettings, env: Record<string, string> = {}): Promise<string> {
  const registries = { [registry]: { plainHttp: false, ...settings } };
  await using transport = openTransport({ environment: fakeEnvironment({ env }), registries });
  return await textOf(ask(transport, registry, '/v2/', {}, ONCE));
}

async function pem(t: TestContext, text: string, name = 'file.pem'): Promise<string> {
  const file = join(await tempDir(t), name);
  await writeFile(file, text);
  return file;
}

function refusedFor(
  reason: string,
  more: Record<string, unknown> = {},
): (error: Error & { code: string; details: Record<string, unknown> }) => boolean {
  return (error) => {
    assert.equal(error.code, 'REGISTRY_TLS');
    assert.equal(error.details['reason'], reason);
    for (const [key, value] of Object.entries(more)) assert.equal(error.details[key], value);
    return true;
  };
}

test('F8: a private authority is trusted when its file is set, for that registry alone', async (t) => {
  const authority = certificateAuthority('Corp Root');
  const registry = await serveTls(t, authority.issue());
  const other = await serveTls(t, authority.issue());
  const caFile = await pem(t, authority.cert);
  const registries = { [registry.address]: { caFile }, [other.address]: { plainHttp: false } };
  await using transport = openTransport({ environment: fakeEnvironment(), registries });
  assert.equal(transport.baseUrl(registry.address).protocol, 'https:');
  assert.equal(await textOf(ask(transport, registry.address, '/v2/')), 'secure');
  await assert.rejects(ask(transport, other.address, '/v2/', {}, ONCE), { code: 'REGISTRY_TLS' });
});

test('F8: the error names the issuer that was not found', async (t) => {
  const registry = await serveTls(t, certificateAuthority('Corp Root \u001b[31m').issue());
  const failure = await reach(registry.address, {}).catch((error) => error);
  assert.equal(failure.code, 'REGISTRY_TLS');
  assert.equal(failure.details.reason, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  assert.match(failure.message, /the issuer "CN=Corp Root \\u\{1b\}\[31m" was not found/);
  assert.match(failure.hint, /--ca-file/);
});

test('F8: any certificate is taken where the settings say so, from that registry alone', async (t) => {
  const other = await startSink(t, { tls: selfSigned() });
  const registry = await serveTls(t, selfSigned({ names: ['elsewhere.test'] }));
  const leading = await serveTls(t, selfSigned(), {}, `${other.url}/x`);
  assert.equal(await reach(registry.address, { anyCertificate: true }), 'secure');
  await assert.rejects(reach(registry.address, {}), { code: 'REGISTRY_TLS' });
  await assert.rejects(reach(leading.address, { anyCertificate: true }), { code: 'REGISTRY_TLS' });
  assert.equal(other.heads.length, 0);
});

test('F8: expired, not yet valid, for another host, self-signed, old, not TLS: each has its reason', async (t) => {
  const authority = certificateAuthority();
  const caFile = await pem(t, authority.cert);
  const day = 86_400_000;
  const at = (days: number): Date => new Date(Date.now() + days * day);
  const table: readonly (readonly [CertifiedKey, ServerOptions, string])[] = [
    [authority.issue({ notBefore: at(-3), notAfter: at(-1) }), {}, 'CERT_HAS_EXPIRED'],
    [authority.issue({ notBefore: at(1), notAfter: at(3) }), {}, 'CERT_NOT_YET_VALID'],
    [authority.issue({ names: ['other.test'] }), {}, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [selfSigned(), {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [
      authority.issue(),
      { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    ],
  ];
  for (const [identity, options, reason] of table) {
    const { address } = await serveTls(t, identity, options);
    await assert.rejects(reach(address, { caFile }), refusedFor(reason), reason);
  }
  const plain = await serveHttp(t, () => assert.fail('no request is readable'));
  const failure = await reach(plain.address, { caFile }).catch((error) => error);
  assert.equal(failure.code, 'REGISTRY_TLS');
  assert.match(failure.details.reason, /^ERR_SSL_/);
  assert.match(failure.hint, /--plain-http/);
});

test('F8: the system decides too: SSL_CERT_FILE, SSL_CERT_DIR, certs.d', async (t) => {
  const authority = certificateAuthority();
  const registry = await serveTls(t, authority.issue());
  const file = await pem(t, authority.cert, 'some.pem');
  assert.equal(await reach(registry.address, {}, { SSL_CERT_FILE: file }), 'secure');
  assert.equal(await reach(registry.address, {}, { SSL_CERT_DIR: `/nowhere:${join(file, '..')}` }), 'secure');
  const home = await tempDir(t);
  const directory = join(home, '.config/containers/certs.d', registry.address);
  await mkdir(directory, { recursive: true });
  await assert.rejects(reach(registry.address, {}, { HOME: home }), { code: 'REGISTRY_TLS' });
  await writeFile(join(directory, 'ca.crt'), authority.cert);
  assert.equal(await reach(registry.address, {}, { HOME: home }), 'secure');
  await assert.rejects(reach(registry.address, {}, { SSL_CERT_FILE: '/nowhere.pem' }), { code: 'REGISTRY_TLS' });
});

test('files of the settings that cannot be used are named', async (t) => {
  const authority = certificateAuthority();
  const client = authority.issue();
  const key = await pem(t, client.key);
  const cert = await pem(t, client.cert);
  const junk = await pem(t, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  const registry = await serveTls(t, authority.issue());
  const settings: readonly RegistrySettings[] = [
    { caFile: '/nowhere/ca.pem' },
    { caFile: junk },
    { clientCertFile: cert },
    { clientKeyFile: key },
    { clientCertFile: junk, clientKeyFile: key },
    { clientCertFile: cert, clientKeyFile: await pem(t, authority.issue().key) },
  ];
  for (const wrong of settings) {
    await assert.rejects(reach(registry.address, wrong), refusedFor('BAD_CERTIFICATE_FILE'), JSON.stringify(wrong));
  }
});

test('A4: a client certificate is shown to its registry and to nobody else', async (t) => {
  const authority = certificateAuthority();
  const caFile = await pem(t, authority.cert);
  const client = authority.issue({ subject: 'client', names: ['client.test'] });
  const sink = await startSink(t, { tls: { ...authority.issue(), requestCert: true, rejectUnauthorized: false } });
  const asking = { requestCert: true, rejectUnauthorized: false, ca: authority.cert };
  const registry = await serveTls(t, authority.issue(), asking, `${sink.url}/blob`);
  const settings = { caFile, clientCertFile: await pem(t, client.cert), clientKeyFile: await pem(t, client.key) };
  await using transport = openTransport({
    environment: fakeEnvironment(),
    registries: { [registry.address]: settings },
  });
  const answer = await ask(transport, registry.address, '/v2/');
  await answer.discard();
  assert.equal(answer.crossOrigin, true);
  assert.deepEqual(registry.clients, ['client']);
  assert.equal(sink.connections(), 1);
  assert.equal(sink.clientCertificates(), 0);
});

test('A4: nor after the way led away and back', async (t) => {
  const authority = certificateAuthority();
  const caFile = await pem(t, authority.cert);
  const client = authority.issue({ subject: 'client', names: ['client.test'] });
  let home = '';
  const sink = await startSink(t, {
    tls: authority.issue(),
    answer: () => ({ status: 307, headers: { location: `https://${home}/back` } }),
  });
  const seen: (readonly [string, string])[] = [];
  const server = createServer(
    { ...authority.issue(), requestCert: true, rejectUnauthorized: false, ca: authority.cert },
    (request, response) => {
      seen.push([request.url ?? '', String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? '')]);
      if (request.url === '/back') response.end('back');
      else response.writeHead(307, { location: sink.url }).end();
    },
  );
  await listenOnLoopback(t, server as never);
  home = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings = { caFile, clientCertFile: await pem(t, client.cert), clientKeyFile: await pem(t, client.key) };
  await using transport = openTransport({ environment: fakeEnvironment(), registries: { [home]: settings } });
  assert.equal(await textOf(ask(transport, home, '/v2/')), 'back');
  assert.deepEqual(seen, [
    ['/v2/', 'client'],
    ['/back', ''],
  ]);
});

test('client certificates are found in certs.d', async (t) => {
  const authority = certificateAuthority();
  const client = authority.issue({ subject: 'client', names: ['client.test'] });
  const registry = await serveTls(t, authority.issue(), {
    requestCert: true,
    rejectUnauthorized: true,
    ca: authority.cert,
  });
  const home = await tempDir(t);
  const directory = join(home, '.config/containers/certs.d', registry.address);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'ca.crt'), authority.cert);
  await assert.rejects(reach(registry.address, {}, { HOME: home }), { code: 'REGISTRY_TLS', hint: /clientCertFile/ });
  await writeFile(join(directory, 'client.cert'), client.cert);
  await writeFile(join(directory, 'client.key'), client.key);
  assert.equal(await reach(registry.address, {}, { HOME: home }), 'secure');
  assert.deepEqual(registry.clients, ['client']);
});

test('F8: the variable that switches verification off for a whole process has no effect', async (t) => {
  const registry = await serveTls(t, selfSigned());
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  t.after(() => {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  });
  await assert.rejects(reach(registry.address, {}), refusedFor('DEPTH_ZERO_SELF_SIGNED_CERT'));
});
