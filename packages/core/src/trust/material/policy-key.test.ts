import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { policyKey } from './policy-key.ts';

const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const wrap = (der: Uint8Array, label = 'PUBLIC KEY'): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`;
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });

const P256 = ec('P-256');
const PEM = spki(P256.publicKey);
const DER = P256.publicKey.export({ type: 'spki', format: 'der' });

const refused = (pem: string, message: RegExp, what: string): void =>
  assert.throws(() => policyKey(pem, 'k.pub'), { code: 'CONFIG_KEY_INVALID', message }, what);

test('a key is what its SPKI is, whatever text it comes in', () => {
  const id = `sha256:${createHash('sha256').update(DER).digest('hex')}`;
  for (const text of [PEM, PEM.trim(), `\n\n${PEM}\n \n`, PEM.replaceAll('\n', '\r\n'), wrap(DER)]) {
    assert.deepEqual(policyKey(text, 'k.pub'), { id, name: 'k.pub', pem: PEM });
  }
});

test('every kind of key in the table is accepted', () => {
  const keys = [ec('P-256'), ec('P-384'), ec('P-521'), generateKeyPairSync('ed25519'), rsa(2048), rsa(3072)];
  for (const { publicKey } of keys) assert.equal(policyKey(spki(publicKey), 'k').pem, spki(publicKey));
});

test('C14: every other kind of key is refused by its name', () => {
  const cases: readonly (readonly [key: KeyObject, message: RegExp])[] = [
    [ec('secp256k1').publicKey, /secp256k1/],
    [generateKeyPairSync('ed448').publicKey, /ed448/],
    [generateKeyPairSync('x25519').publicKey, /x25519/],
    [generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, /rsa-pss/],
    [generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).publicKey, /dsa/],
    [rsa(1024).publicKey, /1024 bits/],
    [rsa(2048, 3).publicKey, /exponent 3/],
  ];
  for (const [key, message] of cases) refused(spki(key), message, String(message));
});

test('what is no public key is refused by what it is', () => {
  const pkcs1 = rsa(2048).publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const cases: readonly (readonly [pem: string, message: RegExp])[] = [
    [P256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), /private key/],
    [P256.privateKey.export({ type: 'sec1', format: 'pem' }).toString(), /private key/],
    [wrap(DER, 'ENCRYPTED SIGSTORE PRIVATE KEY'), /private key/],
    [wrap(DER, 'CERTIFICATE'), /certificate/],
    [pkcs1, /PKCS #1/],
    [PEM + wrap(DER, 'CERTIFICATE'), /certificate/],
    [PEM + PEM, /found 2/],
    ['', /one PEM block/],
    ['ssh-ed25519 AAAA', /one PEM block/],
  ];
  for (const [pem, message] of cases) refused(pem, message, pem.slice(0, 40));
});

test('C13: PEM and DER are read strictly', () => {
  const base64 = DER.toString('base64');
  const pems: Readonly<Record<string, string>> = {
    'text before': `a key\n${PEM}`,
    'text after': `${PEM}a key\n`,
    'a header': PEM.replace('KEY-----\n', 'KEY-----\nProc-Type: 4\n\n'),
    'two labels': PEM.replace('END PUBLIC', 'END PRIVATE'),
    'no end': PEM.slice(0, PEM.indexOf('-----END')),
    base64url: `-----BEGIN PUBLIC KEY-----\n${base64.replaceAll('+', '-').replaceAll('/', '_')}-\n-----END PUBLIC KEY-----\n`,
    'padding inside': wrap(DER).replace(base64, `${base64.slice(0, 40)}====${base64.slice(40)}`),
    'a space in it': wrap(DER).replace(base64, `${base64.slice(0, 40)} ${base64.slice(40)}`),
    'spare bits': wrap(DER.subarray(0, 90))
      .replace(/A\n-----END/, 'B\n-----END')
      .concat(' x'),
    'bytes after the key': wrap(Buffer.concat([DER, Buffer.of(0)])),
    'a longer form of a length': wrap(Buffer.concat([Buffer.of(0x30, 0x81), DER.subarray(1)])),
    'a point in compressed form': wrap(compressed(DER)),
  };
  for (const [what, pem] of Object.entries(pems)) refused(pem, /k\.pub/, what);
  for (let length = 0; length < DER.length; length++)
    refused(wrap(DER.subarray(0, length)), /k\.pub/, `${length} bytes`);
  for (let length = 0; length < PEM.trim().length; length++)
    refused(PEM.slice(0, length), /k\.pub/, `cut at ${length}`);
});

/** The same P-256 key with its point in compressed form. */
function compressed(der: Buffer): Buffer {
  const x = der.subarray(27, 59);
  const sign = 2 + ((der.at(-1) ?? 0) & 1);
  const point = Buffer.concat([Buffer.of(0x03, 34, 0, sign), x]);
  const head = Buffer.from(der.subarray(2, 23));
  return Buffer.concat([Buffer.of(0x30, head.length + point.length), head, point]);
}
