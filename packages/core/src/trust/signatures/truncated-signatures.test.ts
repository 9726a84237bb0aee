import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import { edited, flipped, SimpleAnnotation } from '@gantry/testkit';
import { judgeSignature } from './judge-signature.ts';
import {
  found,
  foundSimple,
  keyless,
  loaded,
  MANIFEST,
  MANIFEST_DIGEST,
  NOON,
  noonLab,
  question,
} from './judging.fixture.ts';
import { assertRefused } from './refused.fixture.ts';

const MATERIAL = 'verificationMaterial';
const ENTRY = `${MATERIAL}.tlogEntries.0`;
const STAMPS = `${MATERIAL}.timestampVerificationData.rfc3161Timestamps`;

test('C13: a bundle that is cut anywhere is refused with a code', async () => {
  const lab = noonLab();
  const bundle = lab.signBundle(MANIFEST, { log: 'v1', tsa: true });
  const asked = question(keyless(), loaded(lab.trustedRoot));
  for (let length = 0; length < bundle.bytes.length; length += 1) {
    const document = found({ ...bundle, bytes: bundle.bytes.subarray(0, length) });
    await assertRefused(document, asked, { code: 'SIGNATURE_MALFORMED', message: /./ }, `${length}`);
  }
});

test('C13: each part of a bundle that is cut anywhere is refused with a code', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const bundle = lab.signBundle(MANIFEST, { log: 'v1', tsa: true });
  const parts = [
    `${MATERIAL}.certificate.rawBytes`,
    `${MATERIAL}.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp`,
    `${ENTRY}.canonicalizedBody`,
    `${ENTRY}.inclusionPromise.signedEntryTimestamp`,
    'dsseEnvelope.payload',
    'dsseEnvelope.signatures.0.sig',
  ];
  for (const part of parts) {
    let value: unknown = bundle.json;
    for (const step of part.split('.')) value = Reflect.get(Object(value), step);
    const bytes = Buffer.from(String(value), 'base64');
    const text = bundle.bytes.toString();
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = Buffer.from(text.replace(String(value), bytes.subarray(0, length).toString('base64')));
      await assert.rejects(
        judgeSignature(found({ ...bundle, bytes: cut }), asked),
        (error: unknown) => isGantryError(error) && error.code.startsWith('SIGNATURE_'),
        `${part} ${length}`,
      );
    }
  }
});

test('C13: a payload or an annotation that is cut anywhere is refused with a code', async () => {
  const lab = noonLab();
  const layer = lab.signSimple(MANIFEST_DIGEST, { tsa: true });
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const refused = (error: unknown): boolean => isGantryError(error) && error.code.startsWith('SIGNATURE_');
  for (let length = 0; length < layer.payload.length; length += 1) {
    const payload = layer.payload.subarray(0, length);
    await assert.rejects(judgeSignature(foundSimple({ ...layer, payload }), asked), refused, `payload ${length}`);
  }
  for (const name of [
    SimpleAnnotation.signature,
    SimpleAnnotation.certificate,
    SimpleAnnotation.bundle,
    SimpleAnnotation.timestamp,
  ]) {
    const whole = layer.annotations[name] ?? '';
    // A PEM text may lack the line end behind it.
    for (let length = 0; length < whole.trimEnd().length; length += 1) {
      const annotations = { ...layer.annotations, [name]: whole.slice(0, length) };
      await assert.rejects(judgeSignature(foundSimple({ ...layer, annotations }), asked), refused, `${name} ${length}`);
    }
  }
});

test('C13: a stamp that was changed tells no other time', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const bundle = lab.signBundle(MANIFEST);
  const { length } = Buffer.from(
    bundle.json.verificationMaterial?.timestampVerificationData?.rfc3161Timestamps?.[0]?.signedTimestamp ?? '',
    'base64',
  );
  let refused = 0;
  for (let at = 0; at < length; at += 1) {
    const changed = edited(bundle.json, `${STAMPS}.0.signedTimestamp`, flipped(at));
    await judgeSignature(found({ ...bundle, bytes: Buffer.from(JSON.stringify(changed)) }), asked).then(
      ({ time }) => assert.equal(time, NOON, `${at}`),
      ({ code }) => {
        assert.match(code, /^SIGNATURE_(TIME|MALFORMED)$/);
        refused += 1;
      },
    );
  }
  // What is left stands outside of everything that is signed or read: the status, some tags.
  assert.ok(refused > length * 0.8, `${refused} of ${length}`);
});
