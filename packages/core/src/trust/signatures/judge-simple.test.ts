import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edited, flipped, labKeyPair, type SimpleOptions } from '@gantry/testkit';
import { judgeSignature } from './judge-signature.ts';
import {
  byKeys,
  foundSimple,
  keyless,
  loaded,
  MANIFEST_DIGEST,
  NOON,
  noonLab,
  OTHER_DIGEST,
  question,
  simpleOf,
} from './judging.fixture.ts';
import { assertRefused } from './refused.fixture.ts';

const SIGNATURE = 'dev.cosignproject.cosign/signature';
const CERTIFICATE = 'dev.sigstore.cosign/certificate';
const LOG = 'dev.sigstore.cosign/bundle';
const STAMP = 'dev.sigstore.cosign/rfc3161timestamp';

const SHAPES: Readonly<Record<string, readonly [options: SimpleOptions, code: string, message: RegExp]>> = {
  'a payload for another digest': [
    { payload: (old) => edited(old, 'critical.image.docker-manifest-digest', () => OTHER_DIGEST) },
    'SIGNATURE_SUBJECT',
    /expected a payload for sha256:.*, found sha256:/,
  ],
  'a payload for what is no digest': [
    { payload: (old) => edited(old, 'critical.image.docker-manifest-digest', () => 'latest') },
    'SIGNATURE_SUBJECT',
    /found latest/,
  ],
  'a payload of another type': [
    { payload: (old) => edited(old, 'critical.type', () => 'atomic container signature') },
    'SIGNATURE_MISSING',
    /expected a signature, found atomic container signature/,
  ],
  'a payload without critical': [{ payload: () => ({}) }, 'SIGNATURE_MALFORMED', /critical: expected an object/],
  'claims that are a list': [
    { payload: (old) => ({ ...old, optional: [] }) },
    'SIGNATURE_MALFORMED',
    /optional: expected an object/,
  ],
  'C8: no signature': [
    { annotations: { [SIGNATURE]: undefined } },
    'SIGNATURE_MALFORMED',
    /strict base64 in dev\.cosignproject/,
  ],
  'an empty signature': [{ annotations: { [SIGNATURE]: '' } }, 'SIGNATURE_MALFORMED', /strict base64/],
  'C13: a signature in loose base64': [
    { annotations: { [SIGNATURE]: 'A A=' } },
    'SIGNATURE_MALFORMED',
    /strict base64/,
  ],
  'C8: a certificate that was taken away': [
    { annotations: { [CERTIFICATE]: undefined } },
    'SIGNATURE_CERTIFICATE',
    /by a certificate, found one by a key/,
  ],
  'an empty certificate': [{ annotations: { [CERTIFICATE]: '' } }, 'SIGNATURE_MALFORMED', /expected one certificate/],
  'C8: a log entry that was taken away': [{ annotations: { [LOG]: undefined } }, 'SIGNATURE_LOG', /found none/],
  'a log entry that is no JSON': [
    { annotations: { [LOG]: 'x' } },
    'SIGNATURE_MALFORMED',
    /log annotation: not strict JSON/,
  ],
  'a log entry that is empty': [{ annotations: { [LOG]: '{}' } }, 'SIGNATURE_MALFORMED', /Payload: expected an object/],
  'a stamp that is empty': [
    { annotations: { [STAMP]: '{}' } },
    'SIGNATURE_MALFORMED',
    /SignedRFC3161Timestamp: expected strict base64/,
  ],
};

for (const [name, [options, code, message]] of Object.entries(SHAPES)) {
  test(`a .sig layer is refused: ${name}`, async () => {
    const lab = noonLab();
    await assertRefused(simpleOf(lab, options), question(keyless(), loaded(lab.trustedRoot)), { code, message });
  });
}

test('a raw public key where a certificate belongs is refused', async () => {
  const lab = noonLab();
  const { publicKey } = labKeyPair();
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  for (const value of [pem, lab.certificate().pem + lab.certificate().pem]) {
    await assertRefused(
      simpleOf(lab, { annotations: { [CERTIFICATE]: value } }),
      question(keyless(), loaded(lab.trustedRoot)),
      {
        code: 'SIGNATURE_MALFORMED',
        message: /expected one certificate in dev\.sigstore\.cosign\/certificate/,
      },
    );
  }
});

test('annotations of a genuine signature do not fit another payload', async () => {
  const lab = noonLab();
  const genuine = lab.signSimple(OTHER_DIGEST);
  const wanted = lab.signSimple(MANIFEST_DIGEST);
  const asked = question(keyless(), loaded(lab.trustedRoot));
  await assertRefused(foundSimple({ ...wanted, annotations: genuine.annotations }), asked, {
    code: 'SIGNATURE_INVALID',
    message: /not made with the key of release@example\.com/,
  });
  await assertRefused(foundSimple(genuine), asked, { code: 'SIGNATURE_SUBJECT', message: /expected a payload for/ });
});

test('C4: the log entry of another signature of the same signer is refused', async () => {
  const lab = noonLab();
  const identity = lab.certificate();
  const other = lab.signSimple(OTHER_DIGEST, { identity }).annotations[LOG];
  const asked = question(keyless(), loaded(lab.trustedRoot));
  await assertRefused(simpleOf(lab, { identity, annotations: { [LOG]: other } }), asked, {
    code: 'SIGNATURE_LOG',
    message: /another digest/,
  });
});

test('the promise of the log covers body, index, time and log', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const layer = lab.signSimple(MANIFEST_DIGEST);
  const entry: unknown = JSON.parse(layer.annotations[LOG] ?? '');
  const changes = [
    edited(entry, 'Payload.logIndex', () => 3),
    edited(entry, 'Payload.integratedTime', () => NOON / 1000 + 1),
    edited(entry, 'SignedEntryTimestamp', flipped(20)),
  ];
  for (const changed of changes) {
    const annotations = { ...layer.annotations, [LOG]: JSON.stringify(changed) };
    await assertRefused(foundSimple({ ...layer, annotations }), asked, {
      code: 'SIGNATURE_LOG',
      message: /inclusion promise could not be verified/,
    });
  }
  const elsewhere = edited(entry, 'Payload.logID', () => lab.logV2.id.toString('hex'));
  await assert.rejects(
    judgeSignature(
      foundSimple({ ...layer, annotations: { ...layer.annotations, [LOG]: JSON.stringify(elsewhere) } }),
      asked,
    ),
    { code: 'SIGNATURE_LOG' },
  );
  const upper = edited(entry, 'Payload.logID', (old) => String(old).toUpperCase());
  await assertRefused(
    foundSimple({ ...layer, annotations: { ...layer.annotations, [LOG]: JSON.stringify(upper) } }),
    asked,
    {
      code: 'SIGNATURE_MALFORMED',
      message: /logID: expected lower-case hexadecimal/,
    },
  );
});

test('another media type is another format', async () => {
  const lab = noonLab();
  const document = { ...simpleOf(lab), mediaType: 'application/vnd.dsse.envelope.v1+json' };
  await assertRefused(document, question(keyless(), loaded(lab.trustedRoot)), {
    code: 'SIGNATURE_VERSION',
    message: /unknown media type of a payload/,
  });
});

test('claims are those of the payload, as texts', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const document = simpleOf(lab, { key, payload: (old) => ({ ...old, optional: { release: 'stable', n: 1 } }) });
  await judgeSignature(document, question(byKeys([key], { claims: { release: 'stable' } }), undefined));
  await assertRefused(document, question(byKeys([key], { claims: { n: '1' } }), undefined), {
    code: 'POLICY_CLAIMS',
    message: /expected the claim n=1, found none/,
  });
});
