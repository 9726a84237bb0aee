import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noonLab } from './judging.fixture.ts';
import { leafCertificate } from './leaf-certificate.ts';
import { sigstoreLibrary } from './sigstore-library.ts';

/** A certificate with some of its bytes replaced by as many others. Its signature then is wrong, which is not looked at here. */
function patched(der: Buffer, hex: string, by: string): Buffer {
  const at = der.lastIndexOf(Buffer.from(hex, 'hex'));
  assert.ok(at >= 0, `no ${hex} in it`);
  const copy = Buffer.from(der);
  copy.write(by, at, 'hex');
  return copy;
}

test('the key of a certificate is for signatures', async () => {
  const library = await sigstoreLibrary();
  const { der } = noonLab().certificate();
  assert.equal(leafCertificate(der, library).identity.identity, 'release@example.com');
  assert.throws(() => leafCertificate(patched(der, '03020780', '03020520'), library), {
    code: 'SIGNATURE_CERTIFICATE',
    message: /not for signatures \(key usage\)/,
  });
});

test('C13: the signature algorithm inside and outside is the same', async () => {
  const library = await sigstoreLibrary();
  const { der } = noonLab().certificate();
  // ecdsa-with-SHA384, the last of which stands outside, becomes ecdsa-with-SHA256.
  assert.throws(() => leafCertificate(patched(der, '2a8648ce3d040303', '2a8648ce3d040302'), library), {
    code: 'SIGNATURE_CERTIFICATE',
    message: /two signature algorithms/,
  });
});

test('C13: a certificate that is cut anywhere, or followed by something, is none', async () => {
  const library = await sigstoreLibrary();
  const { der } = noonLab().certificate();
  for (let length = 0; length < der.length; length += 1) {
    assert.throws(
      () => leafCertificate(der.subarray(0, length), library),
      { code: 'SIGNATURE_MALFORMED' },
      `${length}`,
    );
  }
  assert.throws(() => leafCertificate(Buffer.concat([der, Buffer.from([0])]), library), {
    code: 'SIGNATURE_MALFORMED',
  });
});

test('a certificate whose key cannot be read is none', async () => {
  const library = await sigstoreLibrary();
  const { der } = noonLab().certificate();
  // The curve becomes one that does not exist.
  assert.throws(() => leafCertificate(patched(der, '2a8648ce3d030107', '2a8648ce3d03017f'), library), {
    code: 'SIGNATURE_MALFORMED',
  });
});
