import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BundleOptions, githubIdentity, labKeyPair, type SimpleOptions } from '@gantry/testkit';
import { judgeSignature } from './judge-signature.ts';
import {
  bundleOf,
  byKeys,
  keyless,
  loaded,
  MANIFEST,
  MANIFEST_DIGEST,
  NOON,
  noonLab,
  policyKeyOf,
  question,
  simpleOf,
} from './judging.fixture.ts';

const BUNDLES: Readonly<Record<string, readonly [options: BundleOptions, timeSource: 'log' | 'tsa']>> = {
  'as cosign 3 makes it': [{}, 'tsa'],
  'dsse 0.0.2 in log 2': [{ entryKind: 'dsse' }, 'tsa'],
  'a message in log 2': [{ content: 'message' }, 'tsa'],
  'log 1': [{ log: 'v1' }, 'log'],
  'log 1, hashedrekord': [{ log: 'v1', entryKind: 'hashedrekord' }, 'log'],
  'log 1, intoto': [{ log: 'v1', entryKind: 'intoto' }, 'log'],
  'log 1, message': [{ log: 'v1', content: 'message' }, 'log'],
  'log 1, version 0.3 by its old name': [
    { log: 'v1', mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.3' },
    'log',
  ],
  'version 0.2': [{ version: '0.2' }, 'log'],
  'version 0.1, promise only': [{ version: '0.1', logOptions: { proof: false } }, 'log'],
  'version 0.1, message': [{ version: '0.1', content: 'message' }, 'log'],
  'a stamp with the certificate of the authority': [{ tsa: { embedCertificate: true } }, 'tsa'],
  'a stamp over SHA-512': [{ tsa: { imprint: 'sha512' } }, 'tsa'],
  'a P-384 key with its own hash': [{ identity: { key: 'P-384' }, hash: 'sha384' }, 'tsa'],
  'a P-521 key with its own hash': [{ identity: { key: 'P-521' }, hash: 'sha512' }, 'tsa'],
};

for (const [name, [options, timeSource]] of Object.entries(BUNDLES)) {
  test(`a keyless bundle is accepted: ${name}`, async () => {
    const lab = noonLab();
    for (let earlier = 0; earlier < 3; earlier += 1) lab.signBundle(MANIFEST, options);
    const accepted = await judgeSignature(
      bundleOf(lab, options),
      question(keyless(), loaded(lab.trustedRoot), { manifestBytes: [MANIFEST] }),
    );
    assert.equal(accepted.signed, MANIFEST_DIGEST);
    assert.equal(accepted.identity, 'release@example.com');
    assert.equal(accepted.issuer, 'https://issuer.example');
    assert.equal(accepted.clause, 'identity release@example.com by https://issuer.example');
    assert.equal(accepted.signer, accepted.clause);
    assert.equal(accepted.time, NOON);
    assert.equal(accepted.timeSource, timeSource);
    const log = timeSource === 'log' ? lab.logV1 : lab.logV2;
    assert.equal(accepted.log?.id, log.id.toString('hex'));
    assert.equal(accepted.log?.index, timeSource === 'log' ? '1003' : '3');
    assert.equal(accepted.log?.verified, true);
    assert.equal('key' in accepted, false);
  });
}

const LAYERS: Readonly<Record<string, SimpleOptions>> = {
  'as cosign 2 makes it': {},
  'with an empty chain, as cosign 3 makes it': { chain: 'empty' },
  'without a chain': { chain: 'absent' },
  'with a stamp': { tsa: true },
  'from another name': { reference: 'mirror.example/elsewhere' },
};

for (const [name, options] of Object.entries(LAYERS)) {
  test(`a keyless .sig layer is accepted: ${name}`, async () => {
    const lab = noonLab();
    const accepted = await judgeSignature(simpleOf(lab, options), question(keyless(), loaded(lab.trustedRoot)));
    assert.equal(accepted.format, 'simple-signing');
    assert.equal(accepted.log?.verified, true);
    assert.equal(accepted.time, NOON);
  });
}

const KEY_HASHES = [
  ['P-256', 'sha256'],
  ['P-384', 'sha384'],
  ['P-521', 'sha512'],
  ['Ed25519', 'sha512'],
  ['RSA-2048', 'sha256'],
  ['RSA-4096', 'sha256'],
] as const;

for (const [type, hash] of KEY_HASHES) {
  test(`C14: a ${type} key verifies what is signed with the algorithm of its type, in both formats`, async () => {
    const lab = noonLab();
    const key = labKeyPair(type);
    for (const document of [bundleOf(lab, { key, hash }), simpleOf(lab, { key, hash })]) {
      const accepted = await judgeSignature(document, question(byKeys([labKeyPair(), key]), undefined));
      const { id } = policyKeyOf(key);
      assert.deepEqual(accepted, {
        evidence: accepted.evidence,
        format: document.format,
        signed: MANIFEST_DIGEST,
        clause: `key ${id} (key1.pub)`,
        signer: id,
        key: id,
      });
    }
  });
}

test('a workflow is known by its certificate extensions', async () => {
  const lab = noonLab();
  const rule = {
    issuer: { exact: 'https://token.actions.githubusercontent.com' },
    sourceRepository: { exact: 'https://github.com/acme/plug' },
    ref: { pattern: 'refs/tags/v*' },
    runnerEnvironment: { exact: 'github-hosted' },
  };
  const accepted = await judgeSignature(
    bundleOf(lab, { identity: githubIdentity() }),
    question(keyless({ identities: [rule] }), loaded(lab.trustedRoot)),
  );
  assert.equal(
    accepted.clause,
    'sourceRepository https://github.com/acme/plug, ref refs/tags/v*, runnerEnvironment github-hosted by https://token.actions.githubusercontent.com',
  );
});
