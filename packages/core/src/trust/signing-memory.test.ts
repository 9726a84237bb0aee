import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '@gantry/oci';
import { rollbackOf, type SigningMemory } from './signing-memory.ts';
import type { Subject, Verdict } from './verdict.ts';

const [NEW, OLD]: readonly Digest[] = ['1', '2'].map((digit) => `sha256:${digit.repeat(64)}` as const);
const ROOT: Digest = `sha256:${'3'.repeat(64)}`;

test('C9: what is older than what was accepted, or does not show when it was signed any more, is a step back', () => {
  assert.ok(NEW !== undefined && OLD !== undefined);
  const memory: SigningMemory = {
    newest: (repository, signer) =>
      repository === 'acme/tool' && signer === 'key' ? { time: 1000, digest: NEW } : undefined,
    remember: () => assert.fail('to compare remembers nothing'),
  };
  const code = (digest: Digest, times: readonly (number | undefined)[], more: object = {}): string | undefined => {
    const { signer = 'key', scopeName = 'acme/tool', ...rest } = { ...more } as Partial<Subject & { signer: string }>;
    const signatures = times.map((time) => ({ signer, ...(time !== undefined && { time }) }));
    const verdict = { subject: digest, signatures, ...rest } as unknown as Verdict;
    return rollbackOf(memory, { scopeName, reference: 'acme/tool:1' } as Subject, verdict)?.code;
  };
  const trusted = { trustRootDigest: ROOT };
  assert.equal(code(OLD, [999], trusted), 'POLICY_ROLLBACK');
  assert.equal(code(OLD, [1000], trusted), undefined, 'at the same moment');
  assert.equal(code(OLD, [1001], trusted), undefined);
  assert.equal(code(OLD, [undefined], trusted), 'POLICY_ROLLBACK');
  assert.equal(code(OLD, [undefined]), undefined, 'nothing could tell a time');
  assert.equal(code(OLD, [undefined, 1001], trusted), undefined, 'one signature with a time is enough');
  assert.equal(code(OLD, [1001, undefined], trusted), undefined);
  assert.equal(code(OLD, [999, undefined], trusted), 'POLICY_ROLLBACK');
  assert.equal(code(NEW, [1], trusted), undefined, 'the same release');
  assert.equal(code(NEW, [undefined], trusted), undefined);
  assert.equal(code(OLD, [1], { ...trusted, signer: 'other' }), undefined);
  assert.equal(code(OLD, [1], { ...trusted, scopeName: 'acme/other' }), undefined);
});
