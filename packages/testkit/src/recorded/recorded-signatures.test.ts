import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { openLayout, parseReference } from '@gantry/oci';
import { recordedSignatures } from './recorded-signatures.ts';

test('every recorded signature is in the layout, where its shape says', async () => {
  const recorded = recordedSignatures();
  await using layout = await openLayout(recorded.layout);
  const tags: string[] = [];
  for await (const tag of layout.tags()) tags.push(tag);
  for (const { tag, digest, signatures } of recorded.cases) {
    const named = await layout.resolve(parseReference(`oci-layout:${recorded.layout}:${tag}`));
    assert.equal(named.digest, digest, tag);
    for (const { layout: where, signed, verb, signer } of signatures) {
      const subject = await layout.resolve(parseReference(`oci-layout:${recorded.layout}@${signed}`));
      const beside = `${signed.replace(':', '-')}.${verb === 'sign' ? 'sig' : 'att'}`;
      if (where === 'tag') assert.ok(tags.includes(beside), tag);
      else assert.notEqual((await layout.referrers(subject)).descriptors.length, 0, tag);
      if ('key' in signer) assert.ok(existsSync(recorded.keyFile(signer.key)), tag);
    }
  }
});

test('the trust material of the recorded signatures is there, and an unknown case is an error', () => {
  const recorded = recordedSignatures();
  for (const file of [recorded.trustedRoot, ...Object.values(recorded.parts)]) assert.ok(existsSync(file), file);
  assert.throws(() => recorded.case('never'), /nothing was recorded as never/);
});
