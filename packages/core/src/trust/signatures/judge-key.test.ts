import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { digestOf } from '@gantry/oci';
import { flipped, type LabKeyPair, labKeyPair, spki } from '@gantry/testkit';
import { judgeSignature } from './judge-signature.ts';
import {
  bundleOf,
  byKeys,
  foundSimple,
  keyless,
  loaded,
  MANIFEST_DIGEST,
  noonLab,
  question,
  simpleOf,
} from './judging.fixture.ts';
import { assertRefused } from './refused.fixture.ts';

const WRONG = {
  code: 'SIGNATURE_INVALID',
  message: /made by none of the keys of the policy: sha256:[0-9a-f]{64} \(key0\.pub\)/,
};

test('a signature by another key is refused', async () => {
  const lab = noonLab();
  const [key, other] = [labKeyPair(), labKeyPair()];
  const asked = question(byKeys([other]), undefined);
  await assertRefused(bundleOf(lab, { key }), asked, WRONG);
  await assertRefused(simpleOf(lab, { key }), asked, WRONG);
});

test('a signature by a certificate is refused where the policy names keys, whatever key is in it', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const asked = question(byKeys([key]), loaded(lab.trustedRoot));
  const refusal = {
    code: 'SIGNATURE_INVALID',
    message: /expected a signature by a key of the policy, found one by a certificate/,
  };
  await assertRefused(bundleOf(lab, { identity: { key } }), asked, refusal);
  await assertRefused(simpleOf(lab, { identity: { key } }), asked, refusal);
});

test('a key that comes with the signature never counts', async () => {
  const lab = noonLab();
  const [mine, theirs] = [labKeyPair(), labKeyPair()];
  const rawBytes = spki(theirs.publicKey).toString('base64');
  const hint = digestOf(spki(mine.publicKey)).slice(7);
  const unknown = { code: 'SIGNATURE_MALFORMED', message: /publicKey: unknown field rawBytes/ };
  const cases = [
    [{ rawBytes, hint }, unknown],
    [{ rawBytes }, unknown],
    [{ hint: Buffer.from(hint, 'hex').toString('base64') }, WRONG],
  ] as const;
  for (const [own, refusal] of cases) {
    const document = bundleOf(lab, { key: theirs, edits: { 'verificationMaterial.publicKey': () => own } });
    await assertRefused(document, question(byKeys([mine]), undefined), refusal);
  }
});

test('hints order the keys and decide nothing', async () => {
  const lab = noonLab();
  const [first, second] = [labKeyPair(), labKeyPair()];
  const asked = question(byKeys([first, second]), undefined);
  for (const hint of ['', 'nonsense', Buffer.from('nonsense').toString('base64')]) {
    const publicKey = hint === '' ? {} : { hint };
    const document = bundleOf(lab, { key: second, edits: { 'verificationMaterial.publicKey': () => publicKey } });
    assert.match((await judgeSignature(document, asked)).clause, /\(key1\.pub\)$/);
  }
  assert.match((await judgeSignature(bundleOf(lab, { key: second }), asked)).clause, /\(key1\.pub\)$/);
});

test('C14: an algorithm that is not that of the key verifies nothing', async () => {
  const lab = noonLab();
  const cases = [
    ['P-256', 'sha384'],
    ['P-256', 'sha1'],
    ['P-384', 'sha256'],
    ['P-521', 'sha256'],
    ['RSA-2048', 'sha512'],
    ['RSA-2048', 'sha1'],
  ] as const;
  for (const [type, hash] of cases) {
    const key = labKeyPair(type);
    await assertRefused(bundleOf(lab, { key, hash }), question(byKeys([key]), undefined), WRONG, `${type} ${hash}`);
    await assertRefused(simpleOf(lab, { key, hash }), question(byKeys([key]), undefined), WRONG, `${type} ${hash}`);
  }
});

test('C14: kinds of keys that are not used verify nothing', async () => {
  const lab = noonLab();
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
  const ed448 = generateKeyPairSync('ed448');
  const pairs: readonly LabKeyPair[] = [labKeyPair('secp256k1'), labKeyPair('RSA-1024'), pss];
  for (const key of pairs) {
    await assertRefused(simpleOf(lab, { key, hash: 'sha256' }), question(byKeys([key]), undefined), WRONG);
  }
  await assertRefused(simpleOf(lab, { key: labKeyPair() }), question(byKeys([ed448]), undefined), WRONG);
});

test('a key of one kind does not verify what one of another kind signed', async () => {
  const lab = noonLab();
  const types = ['P-256', 'P-384', 'Ed25519', 'RSA-2048'] as const;
  const pairs = types.map((type) => labKeyPair(type));
  for (const key of pairs) {
    for (const other of pairs) {
      if (other === key) continue;
      await assertRefused(simpleOf(lab, { key }), question(byKeys([other]), undefined), WRONG);
    }
  }
});

test('C13: a signature with one bit flipped anywhere is refused', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const layer = lab.signSimple(MANIFEST_DIGEST, { key });
  const name = 'dev.cosignproject.cosign/signature';
  const { length } = Buffer.from(layer.annotations[name] ?? '', 'base64');
  for (let at = 0; at < length; at += 1) {
    const annotations = { [name]: String(flipped(at)(layer.annotations[name])) };
    await assertRefused(foundSimple({ ...layer, annotations }), question(byKeys([key]), undefined), WRONG, `${at}`);
  }
});

test('a key of the policy is tried after a hint at another', async () => {
  const lab = noonLab();
  const [first, second] = [labKeyPair(), labKeyPair()];
  const hint = Buffer.from(digestOf(spki(second.publicKey)).slice(7), 'hex').toString('base64');
  const document = bundleOf(lab, { key: first, edits: { 'verificationMaterial.publicKey.hint': () => hint } });
  assert.match((await judgeSignature(document, question(byKeys([first, second]), undefined))).clause, /\(key0\.pub\)$/);
});

test('a requirement that names nobody accepts nobody', async () => {
  const lab = noonLab();
  await assertRefused(bundleOf(lab), question(keyless({ identities: [] }), loaded(lab.trustedRoot)), {
    code: 'POLICY_IDENTITY',
    message: /found release@example\.com/,
  });
});
