import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BundleOptions, labKeyPair } from '@gantry/testkit';
import { judgeSignature } from './judge-signature.ts';
import {
  bundleOf,
  byKeys,
  found,
  INDEX,
  INDEX_DIGEST,
  keyless,
  loaded,
  MANIFEST,
  MANIFEST_DIGEST,
  noonLab,
  OTHER_DIGEST,
  question,
} from './judging.fixture.ts';
import { assertRefused } from './refused.fixture.ts';

const V01 = 'application/vnd.dev.sigstore.bundle+json;version=0.1';
const V02 = 'application/vnd.dev.sigstore.bundle+json;version=0.2';
const V03 = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const absent = (): undefined => undefined;
const ENTRY = 'verificationMaterial.tlogEntries.0';
const MATERIAL = 'verificationMaterial';

test('the layer and the bundle name the same version, and one that is known', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const cases: readonly (readonly [outer: string, inner: string, message: RegExp])[] = [
    [V03, V02, /the layer says bundle 0\.3, the bundle 0\.2/],
    [V01, V03, /the layer says bundle 0\.1, the bundle 0\.3/],
    ['application/vnd.dev.sigstore.bundle.v0.4+json', V03, /unknown media type of a bundle: .*v0\.4/],
    [V03, 'application/vnd.dev.sigstore.bundle.v0.4+json', /unknown media type of a bundle: .*v0\.4/],
    [V03, `${V03}\n`, /unknown media type of a bundle: .*\\u\{a\}/],
    ['application/json', 'application/json', /unknown media type/],
  ];
  for (const [mediaType, inner, message] of cases) {
    const document = { ...bundleOf(lab, { mediaType: inner }), mediaType };
    await assertRefused(document, asked, { code: 'SIGNATURE_VERSION', message });
  }
});

const SHAPES: Readonly<Record<string, readonly [options: BundleOptions, message: RegExp, code?: string]>> = {
  'no media type': [{ edits: { mediaType: absent } }, /mediaType: expected a text, found nothing/],
  'no material': [{ edits: { [MATERIAL]: absent } }, /verificationMaterial: expected an object/],
  'no content': [{ edits: { dsseEnvelope: absent } }, /either dsseEnvelope or messageSignature/],
  'two contents': [{ edits: { messageSignature: () => ({}) } }, /either dsseEnvelope or messageSignature/],
  'no signer': [{ edits: { [`${MATERIAL}.certificate`]: absent } }, /expected one signer, found none/],
  'a certificate and a key': [
    { edits: { [`${MATERIAL}.publicKey`]: () => ({ hint: 'x' }) } },
    /one signer, found certificate, publicKey/,
  ],
  'a chain in version 0.3': [
    {
      edits: {
        [`${MATERIAL}.certificate`]: absent,
        [`${MATERIAL}.x509CertificateChain`]: () => ({ certificates: [{ rawBytes: 'AA==' }] }),
      },
    },
    /bundle 0\.3 holds one certificate and no chain/,
  ],
  'an empty chain': [
    { version: '0.2', edits: { [`${MATERIAL}.x509CertificateChain`]: () => ({}) } },
    /expected a certificate/,
  ],
  'version 0.1 without a promise': [
    { version: '0.1', logOptions: { promise: false } },
    /entry of bundle 0\.1 needs a promise/,
  ],
  'version 0.2 without a proof': [
    { version: '0.2', logOptions: { proof: false } },
    /entry of bundle 0\.2 needs a proof/,
  ],
  'version 0.3 without a proof': [{ log: 'v1', logOptions: { proof: false } }, /entry of bundle 0\.3 needs a proof/],
  'a proof without a checkpoint': [
    { edits: { [`${ENTRY}.inclusionProof.checkpoint`]: absent } },
    /checkpoint: expected an object/,
  ],
  'an entry without a log': [{ edits: { [`${ENTRY}.logId`]: absent } }, /logId: expected an object/],
  'an entry without a kind': [{ edits: { [`${ENTRY}.kindVersion`]: absent } }, /kindVersion: expected an object/],
  'an index that is negative': [
    { edits: { [`${ENTRY}.logIndex`]: () => '-1' } },
    /logIndex: expected an integer, found "-1"/,
  ],
  'an index with a fraction': [{ edits: { [`${ENTRY}.logIndex`]: () => 1.5 } }, /logIndex: expected an integer/],
  'a time beyond what is exact': [
    { edits: { [`${ENTRY}.integratedTime`]: () => '9007199254740993' } },
    /expected an integer/,
  ],
  'a list that is none': [{ edits: { [`${MATERIAL}.tlogEntries`]: () => ({}) } }, /tlogEntries: expected a list/],
  'a signature that is no base64': [
    { edits: { 'dsseEnvelope.signatures.0.sig': () => 'AA' } },
    /sig: expected strict base64, found "AA"/,
  ],
  'C13: base64 of the other alphabet': [{ edits: { 'dsseEnvelope.signatures.0.sig': () => '_-8=' } }, /strict base64/],
  'C13: base64 with a line end': [{ edits: { 'dsseEnvelope.signatures.0.sig': (old) => `${old}\n` } }, /strict base64/],
  'an empty signature': [{ edits: { 'dsseEnvelope.signatures.0.sig': () => '' } }, /strict base64/],
  'no signature': [{ edits: { 'dsseEnvelope.signatures': () => [] } }, /exactly one signature, found 0/],
  'C6: the signature twice': [
    { edits: { 'dsseEnvelope.signatures': (old) => (Array.isArray(old) ? [...old, ...old] : old) } },
    /exactly one signature/,
  ],
  'no payload': [{ edits: { 'dsseEnvelope.payload': absent } }, /payload: expected strict base64/],
  'no payload type': [{ edits: { 'dsseEnvelope.payloadType': absent } }, /payloadType: expected a text/],
  'B5: a key that is there twice': [{ text: (json) => json.replace('{', '{"mediaType":"x",') }, /is there twice/],
  'something behind the bundle': [{ text: (json) => `${json}{}` }, /something follows the value/],
  'a list instead of a bundle': [{ text: () => '[]' }, /bundle: expected an object, found \[\]/],
  'null instead of a bundle': [{ text: () => 'null' }, /bundle: expected an object, found null/],
  'a statement that is no JSON': [{ payload: Buffer.from('hello') }, /statement: not strict JSON/],
  'a statement without a subject list': [{ statement: (old) => ({ ...old, subject: {} }) }, /subject: expected a list/],
  'a subject whose digests are a text': [
    { statement: (old) => ({ ...old, subject: [{ digest: 'x' }] }) },
    /digest: expected an object/,
  ],
};

for (const [name, [options, message, code = 'SIGNATURE_MALFORMED']] of Object.entries(SHAPES)) {
  test(`a bundle is refused: ${name}`, async () => {
    const lab = noonLab();
    await assertRefused(bundleOf(lab, options), question(keyless(), loaded(lab.trustedRoot)), { code, message });
  });
}

test('C5: what is no signature does not count as one, before anything else is looked at', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const cases: readonly (readonly [options: BundleOptions, message: RegExp])[] = [
    [{ predicateType: 'https://slsa.dev/provenance/v1' }, /found an attestation https:\/\/slsa\.dev\/provenance\/v1/],
    [{ predicateType: 'https://spdx.dev/Document' }, /found an attestation/],
    [{ predicateType: 'https://sigstore.dev/cosign/sign/v1x' }, /found an attestation/],
    [
      {
        predicateType: 'https://cosign.sigstore.dev/attestation/v1',
        statement: (old) => ({ ...old, _type: 7, subject: 7 }),
      },
      /attestation/,
    ],
    [{ payloadType: 'application/vnd.example+json' }, /found an envelope of application\/vnd\.example\+json/],
  ];
  for (const [options, message] of cases) {
    await assertRefused(bundleOf(lab, options), asked, { code: 'SIGNATURE_MISSING', message });
  }
});

test('a statement of another version is not read', async () => {
  const lab = noonLab();
  const statement: BundleOptions['statement'] = (old) => ({ ...old, _type: 'https://in-toto.io/Statement/v0.1' });
  await assertRefused(bundleOf(lab, { statement }), question(keyless(), loaded(lab.trustedRoot)), {
    code: 'SIGNATURE_VERSION',
    message: /expected a statement .*v1, found .*v0\.1/,
  });
});

test('a signature about something else is refused', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const about = (subject: unknown): BundleOptions => ({ statement: (old) => ({ ...old, subject }) });
  const mine = { digest: { sha256: MANIFEST_DIGEST.slice(7) } };
  const other = { digest: { sha256: OTHER_DIGEST.slice(7) } };
  const cases: readonly BundleOptions[] = [
    about([]),
    about([other]),
    about([mine, mine]),
    about([{ digest: { sha256: MANIFEST_DIGEST.slice(7).toUpperCase() } }]),
    about([{ digest: { sha256: MANIFEST_DIGEST } }]),
    about([{ digest: { sha512: MANIFEST_DIGEST.slice(7) } }]),
    about([{ digest: { sha256: [MANIFEST_DIGEST.slice(7)] } }]),
    about([{ name: MANIFEST_DIGEST, digest: {} }]),
  ];
  for (const options of cases) {
    await assertRefused(bundleOf(lab, options), asked, {
      code: 'SIGNATURE_SUBJECT',
      message: /expected one subject sha256:/,
    });
  }
  const accepted = await judgeSignature(bundleOf(lab, about([other, mine])), asked);
  assert.equal(accepted.signed, MANIFEST_DIGEST);
});

test('a genuine signature that was moved to another digest is refused', async () => {
  const lab = noonLab();
  const bundle = lab.signBundle(OTHER_DIGEST);
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const refusal = { code: 'SIGNATURE_SUBJECT', message: /expected/ };
  await assertRefused(found(bundle), asked, refusal);
  await assertRefused(found(bundle, { subject: OTHER_DIGEST }), asked, {
    code: 'SIGNATURE_SUBJECT',
    message: new RegExp(
      `expected a signature of ${MANIFEST_DIGEST} or ${MANIFEST_DIGEST}, found one of ${OTHER_DIGEST}`,
    ),
  });
});

test('a signature of the index that stands at the manifest is about neither', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot), { root: INDEX_DIGEST });
  await assertRefused(found(lab.signBundle(INDEX)), asked, {
    code: 'SIGNATURE_SUBJECT',
    message: /expected one subject/,
  });
  const message = lab.signBundle(INDEX, { content: 'message' });
  await assertRefused(
    found(message),
    { ...asked, manifestBytes: [INDEX, MANIFEST] },
    {
      code: 'SIGNATURE_SUBJECT',
      message: /expected a signature of sha256:.*, found one of sha256:/,
    },
  );
});

test('which of index and manifest has to be signed', async () => {
  const lab = noonLab();
  const documents = {
    index: found(lab.signBundle(INDEX), { subject: INDEX_DIGEST }),
    platform: found(lab.signBundle(MANIFEST)),
  };
  for (const signed of ['index', 'platform'] as const) {
    for (const subject of ['index', 'platform', 'either'] as const) {
      const asked = question(keyless({ subject }), loaded(lab.trustedRoot), { root: INDEX_DIGEST });
      if (subject === signed || subject === 'either') {
        const expected = signed === 'index' ? INDEX_DIGEST : MANIFEST_DIGEST;
        assert.equal((await judgeSignature(documents[signed], asked)).signed, expected);
      } else {
        const message = new RegExp(`expected the ${subject} to be signed, found a signature of sha256:`);
        await assertRefused(documents[signed], asked, { code: 'POLICY_SUBJECT', message });
      }
    }
  }
  for (const subject of ['index', 'platform', 'either'] as const) {
    const asked = question(keyless({ subject }), loaded(lab.trustedRoot));
    assert.equal((await judgeSignature(documents.platform, asked)).signed, MANIFEST_DIGEST);
  }
});

test('a message signature is over the bytes of the manifest', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const asked = question(byKeys([key]), undefined);
  const document = bundleOf(lab, { key, content: 'message' });
  assert.equal(
    (await judgeSignature(document, { ...asked, manifestBytes: [INDEX, MANIFEST] })).signed,
    MANIFEST_DIGEST,
  );
  const refusal = { code: 'SIGNATURE_INVALID', message: /which are not at hand/ };
  await assertRefused(document, asked, refusal);
  await assertRefused(document, { ...asked, manifestBytes: [INDEX] }, refusal);
  const forged = bundleOf(lab, { key, content: 'message', signingKey: labKeyPair().privateKey });
  await assertRefused(
    forged,
    { ...asked, manifestBytes: [MANIFEST] },
    { code: 'SIGNATURE_INVALID', message: /none of the keys/ },
  );
  const sha384 = bundleOf(lab, { key, content: 'message', hash: 'sha384' });
  await assertRefused(
    sha384,
    { ...asked, manifestBytes: [MANIFEST] },
    {
      code: 'SIGNATURE_VERSION',
      message: /expected a message digest SHA2_256, found SHA2_384/,
    },
  );
});

test('claims are those of the subject', async () => {
  const lab = noonLab();
  const root = loaded(lab.trustedRoot);
  const document = bundleOf(lab, { claims: { release: 'stable', n: '1' } });
  await judgeSignature(document, question(keyless({ claims: { release: 'stable' } }), root));
  await judgeSignature(document, question(keyless({ claims: { release: 'stable', n: '1' } }), root));
  const cases: readonly (readonly [claims: Record<string, string>, message: RegExp])[] = [
    [{ release: 'beta' }, /expected the claim release=beta, found stable/],
    [{ release: 'stable', m: '1' }, /expected the claim m=1, found none/],
    [{ toString: 'x' }, /expected the claim toString=x, found none/],
    [{ n: '' }, /expected the claim n=, found 1/],
  ];
  for (const [claims, message] of cases) {
    await assertRefused(document, question(keyless({ claims }), root), { code: 'POLICY_CLAIMS', message });
  }
  const message = bundleOf(lab, { content: 'message' });
  const asked = question(keyless({ claims: { toString: 'x' } }), root, { manifestBytes: [MANIFEST] });
  await assertRefused(message, asked, { code: 'POLICY_CLAIMS', message: /toString=x, found none/ });
  const none = bundleOf(lab);
  await assertRefused(none, question(keyless({ claims: { release: 'stable' } }), root), {
    code: 'POLICY_CLAIMS',
    message: /found none/,
  });
});

test('C7: more of anything than is looked at is refused, and one fewer is not', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const entries: BundleOptions['entries'] = (list) => [...list, ...list, ...list];
  const document = bundleOf(lab, { entries });
  await assert.rejects(judgeSignature(document, asked, { limits: { signatureProofs: 2 } }), {
    code: 'SIGNATURE_LIMIT',
    message: /tlogEntries: expected at most 2 entries, found 3/,
  });
  await assert.rejects(judgeSignature(document, asked, { limits: { signatureProofs: 3 } }), { code: 'SIGNATURE_LOG' });
  const big = bundleOf(lab, { claims: { text: 'x'.repeat(1000) } });
  await assert.rejects(judgeSignature(big, asked, { limits: { manifestBytes: 1000 } }), { code: 'SIGNATURE_LIMIT' });
  const chain = bundleOf(lab, {
    version: '0.2',
    edits: { [`${MATERIAL}.x509CertificateChain.certificates`]: () => Array(10_000).fill({ rawBytes: 'AA==' }) },
  });
  await assertRefused(chain, asked, {
    code: 'SIGNATURE_LIMIT',
    message: /certificates: expected at most 64 entries, found 10000/,
  });
});
