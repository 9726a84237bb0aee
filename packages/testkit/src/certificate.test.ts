import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { type CertifiedKey, certificateAuthority, selfSigned } from './certificate.ts';
import { startSink } from './sink.ts';

const authority = certificateAuthority();
const past = new Date(Date.now() - 1000);
const future = new Date(Date.now() + 3_600_000);

const cases: readonly [name: string, key: CertifiedKey, client: ConnectionOptions, code: string | undefined][] = [
  ['a trusted one', authority.issue(), { ca: authority.cert }, undefined],
  ['an unknown authority', authority.issue(), {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['one that vouches for itself', selfSigned(), { ca: authority.cert }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['an expired one', authority.issue({ notAfter: past }), { ca: authority.cert }, 'CERT_HAS_EXPIRED'],
  ['one of tomorrow', authority.issue({ notBefore: future }), { ca: authority.cert }, 'CERT_NOT_YET_VALID'],
  ['another host', authority.issue({ names: ['other.test'] }), { ca: authority.cert }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
];
for (const [name, tls, client, code] of cases) {
  test(`F8: a client meets ${name}`, async (t) => {
    const sink = await startSink(t, { tls: { ...tls } });
    const [host = '', port] = sink.address.split(':');
    const socket = connect({ host, port: Number(port), ...client });
    t.after(() => socket.destroy());
    if (code === undefined) await once(socket, 'secureConnect');
    else await assert.rejects(once(socket, 'secureConnect'), { code });
  });
}

test('a sink sees whether a client offers a certificate', async (t) => {
  const sink = await startSink(t, { tls: { ...authority.issue(), requestCert: true, rejectUnauthorized: false } });
  const [host = '', port] = sink.address.split(':');
  for (const client of [{}, authority.issue({ names: ['ann'] })]) {
    const socket = connect({ host, port: Number(port), ca: authority.cert, ...client });
    await once(socket, 'secureConnect');
    socket.end('GET / HTTP/1.1\r\n\r\n');
    await once(socket.resume(), 'close');
  }
  assert.deepEqual([sink.connections(), sink.clientCertificates(), sink.heads.length], [2, 1, 2]);
});

test('certificates say who they are for and who made them', () => {
  const { cert } = authority.issue({ names: ['a.test', '127.0.0.1'], subject: 'A' });
  const parsed = new X509Certificate(cert);
  assert.deepEqual([parsed.subject, parsed.issuer], ['CN=A', 'CN=Test Authority']);
  assert.equal(parsed.subjectAltName, 'DNS:a.test, IP Address:127.0.0.1');
  assert.equal(new X509Certificate(authority.cert).ca, true);
  assert.ok(parsed.verify(new X509Certificate(authority.cert).publicKey));
});
