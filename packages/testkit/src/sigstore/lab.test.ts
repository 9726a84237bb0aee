import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { digestOf } from '@gantry/oci';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier, type VerifierOptions } from '@sigstore/verify';
import type { BundleJson, LogEntryJson } from './bundle-json.ts';
import { flipped } from './edited.ts';
import { githubIdentity } from './github-identity.ts';
import { sha256 } from './hash.ts';
import { labKeyPair, spki } from './keys.ts';
import { type SigstoreLab, sigstoreLab } from './lab.ts';
import type { BundleOptions, SignedBundle } from './sign-bundle.ts';
import { type SignedSimple, SimpleAnnotation, type SimpleOptions } from './sign-simple.ts';

const MANIFEST = Buffer.from('{"schemaVersion":2}');
const KEYS_ONLY: VerifierOptions = { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 };

const KEYLESS: Readonly<Record<string, BundleOptions>> = {
  'as cosign 3 makes it': {},
  'a workflow on GitHub': { identity: githubIdentity() },
  'dsse 0.0.2 in log 2': { entryKind: 'dsse' },
  'message in log 2': { content: 'message' },
  'log 1': { log: 'v1' },
  'log 1 and time stamp': { log: 'v1', tsa: true },
  'log 1, hashedrekord': { log: 'v1', entryKind: 'hashedrekord' },
  'log 1, intoto': { log: 'v1', entryKind: 'intoto' },
  'log 1, message': { log: 'v1', content: 'message' },
  'log 1, promise only': { log: 'v1', version: '0.1', logOptions: { proof: false } },
  'log 1, version 0.2': { version: '0.2' },
  'log 1, version 0.1, message': { version: '0.1', content: 'message' },
  'time stamp with its certificate': { tsa: { embedCertificate: true } },
  'time stamp over SHA-512': { tsa: { imprint: 'sha512' } },
  'a P-384 key': { identity: { key: 'P-384' } },
};

for (const [name, options] of Object.entries(KEYLESS)) {
  test(`a keyless bundle verifies: ${name}`, () => {
    const lab = sigstoreLab();
    for (let earlier = 0; earlier < 3; earlier += 1) lab.signBundle(MANIFEST, options);
    verify(lab, lab.signBundle(MANIFEST, options));
  });
}

for (const type of ['P-256', 'P-384', 'Ed25519', 'RSA-2048'] as const) {
  test(`a bundle by a ${type} key verifies`, () => {
    const lab = sigstoreLab();
    const key = labKeyPair(type);
    verify(lab, lab.signBundle(digestOf(MANIFEST), { key }), KEYS_ONLY, key.publicKey);
  });
}

test('a lab without a log of certificates issues certificates without a promise', () => {
  const lab = sigstoreLab({ ct: false });
  const bundle = lab.signBundle(MANIFEST);
  verify(lab, bundle, { ctlogThreshold: 0 });
  assert.throws(() => verify(lab, bundle), /expected 1 SCTs/);
});

test('the clock of the lab is the time of everything it makes', () => {
  const now = Date.UTC(2030, 4, 1, 12, 0, 7);
  const lab = sigstoreLab({ now: () => now });
  verify(lab, lab.signBundle(MANIFEST, { log: 'v1', tsa: true }));
});

for (const [name, options] of Object.entries<SimpleOptions>({
  'as cosign 2 makes it': {},
  'with a time stamp': { tsa: { embedCertificate: true } },
  'with a time stamp instead of a log entry': { log: 'none', tsa: true },
})) {
  test(`simple signing verifies: ${name}`, () => {
    const lab = sigstoreLab();
    const signed = lab.signSimple(digestOf(MANIFEST), options);
    const entity = toSignedEntity(bundleFromJSON(asBundle(signed)), signed.payload);
    const tlogThreshold = options.log === 'none' ? 0 : 1;
    new Verifier(toTrustMaterial(TrustedRoot.fromJSON(lab.trustedRoot)), { tlogThreshold }).verify(entity);
  });
}

const WRONG: Readonly<Record<string, readonly [BundleOptions, RegExp]>> = {
  'a promise by another log of certificates': [{ identity: { sct: 'wrong-key' } }, /SCT verification failed/],
  'a certificate without a promise': [{ identity: { sct: 'missing' } }, /expected 1 SCTs/],
  'another key': [{ signingKey: labKeyPair().privateKey }, /signature verification failed/],
  'a certificate that had expired': [{ identity: { notBefore: Date.now() - 3_600_000 } }, /certificate chain/],
  'a time stamp over something else': [
    { edits: { 'verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp': flipped(150) } },
    /timestamp/,
  ],
  'a log entry about something else': [{ body: (body) => ({ ...body, spec: { hashedRekordV002: {} } }) }, /mismatch/],
  'a changed proof': [
    { edits: { 'verificationMaterial.tlogEntries.0.canonicalizedBody': flipped() } },
    /root hash|canonicalized|mismatch/,
  ],
};

for (const [name, [options, message]] of Object.entries(WRONG)) {
  test(`a wrong bundle does not verify: ${name}`, () => {
    const lab = sigstoreLab();
    assert.throws(() => verify(lab, lab.signBundle(MANIFEST, options)), message);
  });
}

test('another lab does not trust it', () => {
  const bundle = sigstoreLab().signBundle(MANIFEST);
  assert.throws(() => verify(sigstoreLab(), bundle));
});

function verify(
  lab: SigstoreLab,
  bundle: SignedBundle,
  options: VerifierOptions = {},
  key?: Parameters<typeof spki>[0],
): void {
  const parsed = bundleFromJSON(JSON.parse(bundle.bytes.toString()));
  const hint = bundle.json.verificationMaterial?.publicKey?.hint ?? '';
  const keys = key === undefined ? {} : { [hint]: { rawBytes: spki(key), keyDetails: 5 } };
  const material = toTrustMaterial(TrustedRoot.fromJSON(lab.trustedRoot), keys);
  new Verifier(material, options).verify(toSignedEntity(parsed, MANIFEST));
}

/** The same proof in the words of a bundle. */
function asBundle({ payload, annotations }: SignedSimple): BundleJson {
  const { SignedEntryTimestamp, Payload } = JSON.parse(annotations[SimpleAnnotation.bundle] ?? '{}');
  const { SignedRFC3161Timestamp } = JSON.parse(annotations[SimpleAnnotation.timestamp] ?? '{}');
  const certificate = new X509Certificate(annotations[SimpleAnnotation.certificate] ?? '');
  const entry: LogEntryJson = {
    logIndex: String(Payload?.logIndex),
    logId: { keyId: Buffer.from(Payload?.logID ?? '', 'hex').toString('base64') },
    kindVersion: { kind: 'hashedrekord', version: '0.0.1' },
    integratedTime: String(Payload?.integratedTime),
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: Payload?.body,
  };
  const stamps = SignedRFC3161Timestamp === undefined ? [] : [{ signedTimestamp: SignedRFC3161Timestamp }];
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: certificate.raw.toString('base64') }] },
      tlogEntries: Payload === undefined ? [] : [entry],
      timestampVerificationData: { rfc3161Timestamps: stamps },
    },
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: sha256(payload).toString('base64') },
      signature: annotations[SimpleAnnotation.signature] ?? '',
    },
  };
}
