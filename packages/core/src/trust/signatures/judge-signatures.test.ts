import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GantryError, isGantryError } from '@gantry/oci';
import { labKeyPair } from '@gantry/testkit';
import { judgeSignatures } from './judge-signatures.ts';
import {
  bundleOf,
  byKeys,
  found,
  INDEX,
  INDEX_DIGEST,
  keyless,
  loaded,
  MANIFEST_DIGEST,
  noonLab,
  OTHER_DIGEST,
  policyKeyOf,
  question,
  RELEASE_RULE,
  simpleOf,
} from './judging.fixture.ts';
import type { SignatureDocument } from './signature-document.ts';

const ALICE = { san: { email: 'alice@example.com' } };
const BOB = { san: { email: 'bob@example.com' } };
const ruleFor = (email: string): typeof RELEASE_RULE => ({ issuer: RELEASE_RULE.issuer, identity: { exact: email } });

test('C1: no signature is a refusal of its own', async () => {
  const asked = question(byKeys([labKeyPair()]), undefined);
  const { accepted, rejected, refusal } = await judgeSignatures([], asked);
  assert.deepEqual([accepted, rejected], [[], []]);
  assert.equal(refusal?.code, 'SIGNATURE_MISSING');
  assert.match(refusal?.message ?? '', new RegExp(`no signature of ${MANIFEST_DIGEST}`));
});

test('C5: attestations alone are as good as no signature, and named as the cause', async () => {
  const lab = noonLab();
  const documents = [bundleOf(lab, { predicateType: 'https://slsa.dev/provenance/v1' })];
  const { rejected, refusal } = await judgeSignatures(documents, question(keyless(), loaded(lab.trustedRoot)));
  assert.deepEqual(
    rejected.map(({ code }) => code),
    ['SIGNATURE_MISSING'],
  );
  assert.equal(refusal?.code, 'SIGNATURE_MISSING');
  assert.match(refusal?.message ?? '', /^no signature of/);
  assert.match(String(refusal?.cause), /found an attestation/);
});

test('C5: a good signature among bad ones is enough, wherever it stands', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const good = bundleOf(lab, { key });
  const bad: readonly SignatureDocument[] = [
    { ...good, bytes: Buffer.from('{') },
    { ...good, mediaType: 'application/json' },
    bundleOf(lab, { key: labKeyPair() }),
    bundleOf(lab, { key, predicateType: 'https://spdx.dev/Document' }),
    found(lab.signBundle(OTHER_DIGEST, { key })),
  ];
  const asked = question(byKeys([key]), undefined);
  for (let at = 0; at <= bad.length; at += 1) {
    const { accepted, rejected, refusal } = await judgeSignatures([...bad.slice(0, at), good, ...bad.slice(at)], asked);
    assert.equal(refusal, undefined);
    assert.equal(accepted.length, 1);
    assert.equal(rejected.length, at);
  }
  const { accepted, rejected, refusal } = await judgeSignatures(bad, asked);
  assert.deepEqual(accepted, []);
  assert.deepEqual(
    rejected.map(({ code }) => code),
    ['SIGNATURE_MALFORMED', 'SIGNATURE_VERSION', 'SIGNATURE_INVALID', 'SIGNATURE_MISSING', 'SIGNATURE_SUBJECT'],
  );
  assert.equal(refusal?.code, 'SIGNATURE_INVALID');
});

test('the refusal is that of the signature that came furthest', async () => {
  const lab = noonLab();
  const trustRoot = loaded(lab.trustedRoot);
  const order = [
    bundleOf(lab, { predicateType: 'https://spdx.dev/Document' }),
    { ...bundleOf(lab), mediaType: 'application/json' },
    { ...bundleOf(lab), bytes: Buffer.from('{') },
    found(lab.signBundle(OTHER_DIGEST)),
    bundleOf(lab, { signingKey: labKeyPair().privateKey }),
    bundleOf(lab, { identity: { uses: [] } }),
    bundleOf(lab, { entries: () => [] }),
    bundleOf(lab, { tsa: false }),
    bundleOf(lab, { identity: ALICE }),
    found(lab.signBundle(INDEX), { subject: INDEX_DIGEST }),
    bundleOf(lab),
  ];
  const codes = [
    'SIGNATURE_MISSING',
    'SIGNATURE_VERSION',
    'SIGNATURE_MALFORMED',
    'SIGNATURE_SUBJECT',
    'SIGNATURE_INVALID',
    'SIGNATURE_CERTIFICATE',
    'SIGNATURE_LOG',
    'SIGNATURE_TIME',
    'POLICY_IDENTITY',
    'POLICY_SUBJECT',
    'POLICY_CLAIMS',
  ];
  const asked = question(keyless({ subject: 'platform', claims: { release: 'stable' } }), trustRoot, {
    root: INDEX_DIGEST,
  });
  for (let count = 1; count <= order.length; count += 1) {
    for (const documents of [order.slice(0, count), order.slice(0, count).reverse()]) {
      const { refusal } = await judgeSignatures(documents, asked);
      assert.equal(refusal?.code, codes[count - 1]);
    }
  }
});

test('of several refusals that tell the same, the first is given', async () => {
  const lab = noonLab();
  const documents = [bundleOf(lab, { identity: ALICE }), bundleOf(lab, { identity: BOB })];
  for (const [order, found] of [
    [documents, /found alice@example\.com/],
    [documents.toReversed(), /found bob@example\.com/],
  ] as const) {
    const { refusal } = await judgeSignatures(order, question(keyless(), loaded(lab.trustedRoot)));
    assert.match(refusal?.message ?? '', found);
  }
});

test('C6: a signature that is found twice is judged once', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const good = bundleOf(lab, { key });
  const elsewhere = { ...good, manifest: OTHER_DIGEST };
  const asked = question(byKeys([key, labKeyPair()], { threshold: 2 }), undefined);
  const { accepted, refusal } = await judgeSignatures([good, elsewhere, good], asked);
  assert.equal(accepted.length, 1);
  assert.equal(refusal?.code, 'POLICY_THRESHOLD');
});

test('C6: a threshold counts keys, not signatures and not names of keys', async () => {
  const lab = noonLab();
  const [first, second, stranger] = [labKeyPair(), labKeyPair(), labKeyPair()];
  const twice = { ...byKeys([first, second], { threshold: 2 }) };
  const asked = question({ ...twice, keys: [...twice.keys, policyKeyOf(first, 7)] }, undefined);
  const one = [
    bundleOf(lab, { key: first }),
    simpleOf(lab, { key: first }),
    bundleOf(lab, { key: first, claims: { n: '1' } }),
  ];
  const alone = await judgeSignatures([...one, bundleOf(lab, { key: stranger })], asked);
  assert.equal(alone.accepted.length, 3);
  assert.equal(alone.refusal?.code, 'POLICY_THRESHOLD');
  assert.match(alone.refusal?.message ?? '', /expected 2 different signers of sha256:.*, found 1/);
  const both = await judgeSignatures([...one, simpleOf(lab, { key: second })], asked);
  assert.equal(both.refusal, undefined);
  assert.equal(new Set(both.accepted.map(({ signer }) => signer)).size, 2);
});

test('a threshold counts the rules that identities match', async () => {
  const lab = noonLab();
  const identities = [ruleFor('alice@example.com'), ruleFor('bob@example.com')];
  const asked = question(keyless({ identities, threshold: 2 }), loaded(lab.trustedRoot));
  const alice = [bundleOf(lab, { identity: ALICE }), bundleOf(lab, { identity: ALICE })];
  assert.equal((await judgeSignatures(alice, asked)).refusal?.code, 'POLICY_THRESHOLD');
  const both = await judgeSignatures([...alice, bundleOf(lab, { identity: BOB })], asked);
  assert.equal(both.refusal, undefined);
  const anybody = { issuer: RELEASE_RULE.issuer, identity: { pattern: '*@example.com' } };
  const pattern = question(keyless({ identities: [anybody], threshold: 2 }), loaded(lab.trustedRoot));
  const people = [...alice, bundleOf(lab, { identity: BOB })];
  assert.equal((await judgeSignatures(people, pattern)).refusal?.code, 'POLICY_THRESHOLD');
});

test('C7: judging stops at the signature that is enough', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  let taken = 0;
  function* endless(): Generator<SignatureDocument> {
    for (;;) {
      taken += 1;
      yield bundleOf(lab, { key, claims: { n: String(taken) } });
    }
  }
  const { accepted } = await judgeSignatures(endless(), question(byKeys([key]), undefined));
  assert.deepEqual([accepted.length, taken], [1, 1]);
});

test('cancellation ends judging', async () => {
  const lab = noonLab();
  const op = { signal: AbortSignal.abort() };
  const judged = judgeSignatures([bundleOf(lab)], question(keyless(), loaded(lab.trustedRoot)), op);
  await assert.rejects(judged, { name: 'AbortError' });
});

test('what is not a failure of the evidence is not swallowed', async () => {
  const broken = { ...bundleOf(noonLab()), annotations: null } as unknown as SignatureDocument;
  const judged = judgeSignatures([broken], question(keyless(), undefined));
  await assert.rejects(judged, (error: unknown) => !isGantryError(error));
});

test('a rejection names the evidence, the format, code and message', async () => {
  const lab = noonLab();
  const { rejected } = await judgeSignatures([simpleOf(lab)], question(keyless(), undefined));
  const [row] = rejected;
  assert.match(row?.evidence ?? '', /^sha256:/);
  assert.equal(row?.format, 'simple-signing');
  assert.equal(row?.code, 'SIGNATURE_TRUST_ROOT');
  assert.match(row?.message ?? '', /trust root/);
  const limit: GantryError | undefined = (
    await judgeSignatures([bundleOf(lab)], question(keyless(), loaded(lab.trustedRoot)), {
      limits: { signatureProofs: 0 },
    })
  ).refusal;
  assert.equal(limit?.code, 'SIGNATURE_LIMIT');
});
