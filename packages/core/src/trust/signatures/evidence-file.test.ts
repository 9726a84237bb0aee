import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '@gantry/oci';
import fc from 'fast-check';
import { evidenceDigest } from './evidence-digest.ts';
import { decodeEvidence, encodeEvidence } from './evidence-file.ts';
import { MANIFEST_DIGEST, OTHER_DIGEST } from './judging.fixture.ts';
import type { SignatureDocument } from './signature-document.ts';

const DOCUMENT: SignatureDocument = {
  format: 'simple-signing',
  subject: MANIFEST_DIGEST,
  manifest: OTHER_DIGEST,
  mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
  bytes: Buffer.from('payload'),
  annotations: { b: '2', a: '1' },
};

const documents: fc.Arbitrary<SignatureDocument> = fc.record({
  format: fc.constantFrom('bundle', 'simple-signing'),
  subject: fc.uint8Array().map((bytes) => digestOf(bytes)),
  manifest: fc.uint8Array().map((bytes) => digestOf(bytes)),
  mediaType: fc.string(),
  bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  annotations: fc.dictionary(fc.string(), fc.string(), { noNullPrototype: false }),
});

test('evidence comes back as it was kept, and stays the same evidence', () => {
  fc.assert(
    fc.property(documents, (document) => {
      const decoded = decodeEvidence(encodeEvidence(document));
      assert.deepEqual(
        { ...decoded, annotations: { ...decoded.annotations } },
        { ...document, annotations: { ...document.annotations } },
      );
      assert.equal(evidenceDigest(decoded), evidenceDigest(document));
    }),
  );
});

test('C6: the manifest that holds it and the order of annotations do not make other evidence, anything else does', () => {
  const digest = evidenceDigest(DOCUMENT);
  assert.equal(evidenceDigest({ ...DOCUMENT, manifest: MANIFEST_DIGEST, annotations: { a: '1', b: '2' } }), digest);
  const others: readonly SignatureDocument[] = [
    { ...DOCUMENT, format: 'bundle' },
    { ...DOCUMENT, subject: OTHER_DIGEST },
    { ...DOCUMENT, mediaType: '' },
    { ...DOCUMENT, bytes: Buffer.from('Payload') },
    { ...DOCUMENT, annotations: { a: '1' } },
    { ...DOCUMENT, annotations: { a: '1', b: '3' } },
  ];
  for (const other of others) assert.notEqual(evidenceDigest(other), digest);
});

test('the file is the same for the same evidence', () => {
  const again = { ...DOCUMENT, annotations: { a: '1', b: '2' } };
  assert.deepEqual(encodeEvidence(again), encodeEvidence(DOCUMENT));
});

test('a damaged file of evidence is refused', () => {
  const good: Record<string, unknown> = JSON.parse(Buffer.from(encodeEvidence(DOCUMENT)).toString());
  const encode = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  assert.throws(() => decodeEvidence(encode({ ...good, schemaVersion: 2 })), { code: 'STORE_VERSION' });
  const bad: readonly (readonly [change: object, message: RegExp])[] = [
    [{ schemaVersion: 0 }, /schemaVersion 1/],
    [{ schemaVersion: '1' }, /schemaVersion 1/],
    [{ format: 'notary' }, /a format/],
    [{ format: 1 }, /a format/],
    [{ subject: 'sha256:x' }, /digests/],
    [{ manifest: null }, /digests/],
    [{ mediaType: 1 }, /a media type/],
    [{ bytes: 'x' }, /bytes in base64/],
    [{ bytes: 1 }, /bytes in base64/],
    [{ annotations: [] }, /annotations/],
    [{ annotations: null }, /annotations/],
    [{ annotations: { a: 1 } }, /annotations/],
  ];
  for (const [change, message] of bad) {
    assert.throws(() => decodeEvidence(encode({ ...good, ...change })), { code: 'INSTALL_DAMAGED', message });
  }
  for (const text of ['[]', 'null', '"x"']) {
    assert.throws(() => decodeEvidence(Buffer.from(text)), { code: 'INSTALL_DAMAGED', message: /an object/ });
  }
  const whole = Buffer.from(encodeEvidence(DOCUMENT));
  for (let length = 0; length < whole.length - 2; length += 1) {
    assert.throws(() => decodeEvidence(whole.subarray(0, length)), { code: 'INSTALL_DAMAGED' }, `${length}`);
  }
});
