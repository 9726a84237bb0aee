import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import { parsePem } from '../trust/material/pem.ts';
import { keySigner } from './key-signer.ts';
import { MADE_KEYS, PASSWORD } from './made-keys.fixture.ts';
import { readPrivateKey } from './private-key.ts';
import { writePem } from './write-pem.ts';

const never = (): never => assert.fail('the password was asked for');
const ofEmpty = (): string => '';
const message = Buffer.from('a message');

const pkcs8 = (key: KeyObject): string => String(key.export({ type: 'pkcs8', format: 'pem' }));
const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = (modulusLength: number): KeyObject => generateKeyPairSync('rsa', { modulusLength }).privateKey;

function spki(key: KeyObject | string): string {
  return String(createPublicKey(key).export({ type: 'spki', format: 'pem' }));
}

/** A sealed key with one part of its JSON changed. */
function resealed(change: (document: Record<string, Record<string, unknown>>) => void): string {
  const [block] = parsePem(MADE_KEYS[0]?.privateKey ?? '') ?? [];
  const document = JSON.parse(String(block?.der));
  change(document);
  return writePem('ENCRYPTED SIGSTORE PRIVATE KEY', Buffer.from(JSON.stringify(document)));
}

for (const { by, privateKey, publicKey } of MADE_KEYS) {
  test(`reads the key of ${by}`, async () => {
    const signer = await keySigner(privateKey, 'a.key', () => PASSWORD);
    assert.equal(signer.publicKey, publicKey);
    assert.ok(verify('sha256', message, publicKey, await signer.sign(message)));
  });
}

test('reads keys without a password, and does not ask for one', async () => {
  const key = ec('P-384');
  const openssl = `-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n`;
  const forms = {
    'PKCS #8': pkcs8(key),
    'SEC 1': String(key.export({ type: 'sec1', format: 'pem' })),
    'SEC 1 after its parameters, as openssl ecparam writes it':
      openssl + String(key.export({ type: 'sec1', format: 'pem' })),
    'with line ends of Windows': pkcs8(key).replaceAll('\n', '\r\n'),
  };
  for (const [form, pem] of Object.entries(forms)) {
    assert.equal(spki(await readPrivateKey(pem, 'a.key', never)), spki(key), form);
  }
  const pkcs1 = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const pem = String(pkcs1.export({ type: 'pkcs1', format: 'pem' }));
  assert.equal(spki(await readPrivateKey(pem, 'a.key', never)), spki(pkcs1));
});

test('reads encrypted PKCS #8', async () => {
  const key = ec('P-256');
  const pem = String(key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSWORD }));
  assert.equal(spki(await readPrivateKey(pem, 'a.key', async () => PASSWORD)), spki(key));
  await assert.rejects(
    readPrivateKey(pem, 'a.key', () => 'another'),
    { code: 'CONFIG_KEY_PASSWORD' },
  );
});

test('each kind of key signs with its own hash', async () => {
  const kinds = [
    { key: ec('P-256'), hash: 'sha256' },
    { key: ec('P-384'), hash: 'sha384' },
    { key: ec('P-521'), hash: 'sha512' },
    { key: rsa(2048), hash: 'sha256' },
    { key: rsa(3072), hash: 'sha256' },
    { key: generateKeyPairSync('ed25519').privateKey, hash: undefined },
  ];
  for (const { key, hash } of kinds) {
    const signer = await keySigner(pkcs8(key), 'a.key', never);
    assert.equal(signer.algorithm.hash, hash);
    assert.ok(verify(hash ?? null, message, createPublicKey(signer.publicKey), await signer.sign(message)));
  }
});

test('C14: refuses keys of other kinds by name', async () => {
  const refused: readonly (readonly [KeyObject, RegExp])[] = [
    [ec('secp256k1'), /found ec, secp256k1/],
    [rsa(1024), /found rsa, 1024 bits/],
    [rsa(2056), /found rsa, 2056 bits/],
    [generateKeyPairSync('ed448').privateKey, /found ed448/],
    [generateKeyPairSync('x25519').privateKey, /found x25519/],
    [generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey, /found rsa-pss/],
  ];
  for (const [key, expected] of refused) {
    await assert.rejects(keySigner(pkcs8(key), 'a.key', never), { code: 'CONFIG_KEY_INVALID', message: expected });
  }
});

test('a wrong password is told from a damaged file, and neither shows anything of the key', async () => {
  const key = MADE_KEYS[0]?.privateKey ?? '';
  const cases: readonly (readonly [string, string, string])[] = [
    ['a wrong password', key, 'CONFIG_KEY_PASSWORD'],
    ['a public key', MADE_KEYS[0]?.publicKey ?? '', 'CONFIG_KEY_INVALID'],
    ['nothing', '', 'CONFIG_KEY_INVALID'],
    ['two keys', key + key, 'CONFIG_KEY_INVALID'],
    ['a label of another kind', key.replaceAll('SIGSTORE', 'OTHER'), 'CONFIG_KEY_INVALID'],
    ['a damaged PKCS #8', pkcs8(ec('P-256')).replace(/\n..../, '\nAAAA'), 'CONFIG_KEY_INVALID'],
    ['no JSON', writePem('ENCRYPTED SIGSTORE PRIVATE KEY', Buffer.from('{')), 'CONFIG_KEY_INVALID'],
    ['another function', resealed(({ kdf }) => Object.assign(kdf ?? {}, { name: 'argon2' })), 'CONFIG_KEY_INVALID'],
    ['another cipher', resealed(({ cipher }) => Object.assign(cipher ?? {}, { name: 'aes' })), 'CONFIG_KEY_INVALID'],
    ['a short nonce', resealed(({ cipher }) => Object.assign(cipher ?? {}, { nonce: 'AAAA' })), 'CONFIG_KEY_INVALID'],
    ['a salt that is no base64', resealed(({ kdf }) => Object.assign(kdf ?? {}, { salt: '?' })), 'CONFIG_KEY_INVALID'],
  ];
  for (const [what, pem, code] of cases) {
    const error = await readPrivateKey(pem, 'a.key', () => 'wrong-password').catch((thrown: unknown) => thrown);
    assert.ok(isGantryError(error), what);
    assert.equal(error.code, code, what);
    assert.doesNotMatch(error.hint, /PUBLIC KEY/, what);
    const shown = JSON.stringify([error.message, error.details, error.hint, String(error.cause)]);
    assert.doesNotMatch(shown, /wrong-password|eyJr|[A-Za-z0-9+/]{40}/, what);
  }
});

test('C7: scrypt gets no more memory and time than cosign itself asks for', async () => {
  const params = [
    { N: 2 ** 30, r: 8, p: 1 },
    { N: 2 ** 18, r: 8, p: 1 },
    { N: 2 ** 16, r: 2 ** 20, p: 1 },
    { N: 2 ** 16, r: 8, p: 2 ** 20 },
    { N: 2, r: 8, p: 1 },
    {},
  ];
  for (const bad of params) {
    const pem = resealed(({ kdf }) => Object.assign(kdf ?? {}, { params: bad }));
    await assert.rejects(readPrivateKey(pem, 'a.key', never), { code: 'CONFIG_KEY_INVALID' }, JSON.stringify(bad));
  }
});

test('C13: a sealed key that is cut or changed anywhere does not open', async () => {
  const [block] = parsePem(MADE_KEYS[0]?.privateKey ?? '') ?? [];
  const sealed = block?.der ?? Buffer.alloc(0);
  for (const length of [0, 1, sealed.length - 1]) {
    const pem = writePem('ENCRYPTED SIGSTORE PRIVATE KEY', sealed.subarray(0, length));
    await assert.rejects(readPrivateKey(pem, 'a.key', ofEmpty), { code: 'CONFIG_KEY_INVALID' });
  }
  const { ciphertext } = JSON.parse(String(sealed));
  const bytes = Buffer.from(ciphertext, 'base64');
  for (const index of [0, 20, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 1;
    const pem = resealed((document) => Object.assign(document, { ciphertext: changed.toString('base64') }));
    await assert.rejects(
      readPrivateKey(pem, 'a.key', () => PASSWORD),
      { code: 'CONFIG_KEY_PASSWORD' },
    );
  }
});
