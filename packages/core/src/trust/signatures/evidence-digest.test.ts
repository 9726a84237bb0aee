import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evidenceDigest } from './evidence-digest.ts';
import type { SignatureDocument } from './signature-document.ts';

const DIGEST = `sha256:${'1'.repeat(64)}` as const;
const DOCUMENT: SignatureDocument = {
  ...{ format: 'simple-signing', subject: DIGEST, manifest: DIGEST, mediaType: 'x' },
  bytes: Buffer.from('payload'),
  annotations: { a: '1', b: '2' },
};

test('C6: the same signature has one digest wherever it was found, and any other has another', () => {
  const digest = evidenceDigest(DOCUMENT);
  const elsewhere = { manifest: `sha256:${'2'.repeat(64)}`, annotations: { b: '2', a: '1' } } as const;
  assert.equal(evidenceDigest({ ...DOCUMENT, ...elsewhere }), digest);
  const others: readonly Partial<SignatureDocument>[] = [
    { format: 'bundle' },
    { subject: `sha256:${'2'.repeat(64)}` },
    { mediaType: 'y' },
    { bytes: Buffer.from('payloae') },
    { annotations: { a: '1' } },
  ];
  for (const other of others) assert.notEqual(evidenceDigest({ ...DOCUMENT, ...other }), digest);
});

// There is a decision after each signature, about all so far: hashing all of them each time took hours at the limits.
test('C7: a signature is hashed once, however often is decided about it', () => {
  let read = 0;
  const document: SignatureDocument = {
    ...DOCUMENT,
    get bytes() {
      read += 1;
      return DOCUMENT.bytes;
    },
  };
  const digests = new Set(Array.from({ length: 3 }, () => evidenceDigest(document)));
  assert.deepEqual([digests.size, read], [1, 1]);
});
