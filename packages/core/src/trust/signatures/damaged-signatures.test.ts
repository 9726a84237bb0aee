import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import { labKeyPair } from '@gantry/testkit';
import fc from 'fast-check';
import { judgeSignature } from './judge-signature.ts';
import { bundleOf, byKeys, keyless, loaded, MANIFEST_DIGEST, noonLab, question, simpleOf } from './judging.fixture.ts';

const damage = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });

test('C13: a byte changed anywhere refuses the signature with a code, or changes nothing of what is accepted', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const trustRoot = loaded(lab.trustedRoot);
  const cases = [
    [bundleOf(lab, { key }), question(byKeys([key]), undefined)],
    [simpleOf(lab, { key }), question(byKeys([key]), undefined)],
    [bundleOf(lab, { log: 'v1', tsa: true }), question(keyless(), trustRoot)],
    [bundleOf(lab), question(keyless(), trustRoot)],
    [simpleOf(lab, { tsa: true }), question(keyless(), trustRoot)],
  ] as const;
  for (const [document, asked] of cases) {
    const { evidence: _, ...accepted } = await judgeSignature(document, asked);
    assert.equal(accepted.signed, MANIFEST_DIGEST);
    const property = fc.asyncProperty(damage, async ({ at, byte }) => {
      const bytes = Buffer.from(document.bytes);
      bytes.writeUInt8(byte, at % bytes.length);
      try {
        const { evidence: __, ...again } = await judgeSignature({ ...document, bytes }, asked);
        assert.deepEqual(again, accepted);
      } catch (error) {
        assert.ok(isGantryError(error), String(error));
        assert.match(error.code, /^SIGNATURE_/);
      }
    });
    await fc.assert(property, { numRuns: 100 });
  }
});
