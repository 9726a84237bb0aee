import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide, nothingAtHand } from './decide.ts';
import type { Evidence } from './evidence.ts';
import { judge, subjectOf } from './judge.ts';
import { DEFAULT_POLICY, type Policy, type PolicyClause } from './policy.ts';
import { digestOfText, resolvedPlugin } from './resolved-plugin.fixture.ts';
import type { Verdict } from './verdict.ts';
import { admit, VerifiedPlugin } from './verified-plugin.ts';

function policyOf(...lists: readonly (readonly Pick<PolicyClause, 'scope' | 'require'>[])[]): Policy {
  return {
    fallback: 'digest',
    lists: lists.map((list, file) =>
      list.map((clause, entry) => ({ ...clause, source: `file${file}: trust[${entry}]` })),
    ),
  };
}

const PINNED = resolvedPlugin({ pinned: true });
const TAGGED = resolvedPlugin();

test('C1: a tag alone is refused by default, with a hint', async () => {
  await assert.rejects(judge(TAGGED), (error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error && 'hint' in error);
    assert.equal(error.code, 'POLICY_UNPINNED');
    assert.match(error.message, /registry\.example\/acme\/tool:1\.0@sha256:/);
    assert.match(String(error.hint), /--allow-unsigned/);
    return true;
  });
});

test('what each rule accepts, and how the verdict names it', async () => {
  const none = policyOf([{ scope: 'registry.example/', require: 'none' }]);
  const digest = policyOf([{ scope: 'registry.example/', require: 'digest' }]);
  const elsewhere = policyOf([{ scope: 'other.example/', require: 'none' }]);
  const local = resolvedPlugin({ local: true, scopeName: 'file:/opt/tool' });
  const open: Policy = { fallback: 'none', lists: [] };
  const cases: readonly {
    readonly name: string;
    readonly plugin: typeof TAGGED;
    readonly policy: Policy;
    readonly allowUnsigned?: boolean;
    readonly verdict: readonly [policy: string, source: string] | 'refused';
  }[] = [
    { name: 'digest, default', plugin: PINNED, policy: DEFAULT_POLICY, verdict: ['digest', 'default'] },
    { name: 'digest, entry', plugin: PINNED, policy: digest, verdict: ['digest', 'file0: trust[0]'] },
    { name: 'tag, entry none', plugin: TAGGED, policy: none, verdict: ['none', 'file0: trust[0]'] },
    { name: 'tag, entry digest', plugin: TAGGED, policy: digest, verdict: 'refused' },
    { name: 'tag, entry for another scope', plugin: TAGGED, policy: elsewhere, verdict: 'refused' },
    {
      name: 'tag, flag',
      plugin: TAGGED,
      policy: DEFAULT_POLICY,
      allowUnsigned: true,
      verdict: ['none', '--allow-unsigned'],
    },
    { name: 'tag, flag against an entry', plugin: TAGGED, policy: digest, allowUnsigned: true, verdict: 'refused' },
    {
      name: 'digest, flag not needed',
      plugin: PINNED,
      policy: DEFAULT_POLICY,
      allowUnsigned: true,
      verdict: ['digest', 'default'],
    },
    { name: 'local', plugin: local, policy: DEFAULT_POLICY, verdict: ['local', 'default'] },
    {
      name: 'local under an entry',
      plugin: local,
      policy: policyOf([{ scope: 'file:/opt', require: 'digest' }]),
      verdict: 'refused',
    },
    { name: 'tag, open default of a dialect', plugin: TAGGED, policy: open, verdict: ['none', 'default'] },
  ];
  for (const { name, plugin, policy, allowUnsigned, verdict } of cases) {
    const judged = judge(plugin, { policy }, { allowUnsigned: allowUnsigned ?? false });
    if (verdict === 'refused') {
      await assert.rejects(judged, { code: 'POLICY_UNPINNED' }, name);
    } else {
      const { verdict: given } = await judged;
      assert.deepEqual(
        [given.policy, given.policySource, given.signer, given.accepted],
        [...verdict, 'unsigned', true],
        name,
      );
    }
  }
});

test('C2: the entry with the longest scope answers, wherever it stands', async () => {
  const scopes = [
    { scope: 'registry.example/', require: 'none' },
    { scope: 'registry.example/acme/tool', require: 'digest' },
    { scope: 'registry.example/acme/', require: 'none' },
  ] as const;
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [1, 0, 2],
  ]) {
    const policy = policyOf(order.flatMap((index) => scopes[index] ?? []));
    await assert.rejects(judge(TAGGED, { policy }), { code: 'POLICY_UNPINNED' }, String(order));
  }
});

test('C16: where two files name a scope, both must accept', async () => {
  const none = { scope: 'registry.example/', require: 'none' } as const;
  const digest = { scope: 'registry.example/acme/', require: 'digest' } as const;
  await assert.rejects(judge(TAGGED, { policy: policyOf([none], [digest]) }), { code: 'POLICY_UNPINNED' });
  await assert.rejects(judge(TAGGED, { policy: policyOf([digest], [none]) }), { code: 'POLICY_UNPINNED' });
  const { verdict } = await judge(PINNED, { policy: policyOf([none], [digest]) });
  assert.equal(verdict.policy, 'digest');
  assert.equal(verdict.policySource, 'file1: trust[0]');
});

test('C16: the policy digest follows the rules, not the file they stand in', async () => {
  const digests = new Map<string, Verdict>();
  const policies: Record<string, Policy> = {
    default: DEFAULT_POLICY,
    none: policyOf([{ scope: 'registry.example/', require: 'none' }]),
    moved: { fallback: 'digest', lists: [[{ scope: 'registry.example/', require: 'none', source: 'elsewhere' }]] },
    narrower: policyOf([{ scope: 'registry.example/acme/', require: 'none' }]),
    digest: policyOf([{ scope: 'registry.example/', require: 'digest' }]),
    open: { fallback: 'none', lists: [] },
  };
  for (const [name, policy] of Object.entries(policies)) digests.set(name, (await judge(PINNED, { policy })).verdict);
  const of = (name: string): string | undefined => digests.get(name)?.policyDigest;
  assert.equal(of('none'), of('moved'));
  assert.equal(new Set(['default', 'none', 'narrower', 'digest', 'open'].map(of)).size, 5);
});

test('evidence about other bytes does not count', async () => {
  const other: Evidence[] = [
    { type: 'pin', digest: digestOfText('other') },
    { type: 'consent', digest: digestOfText('other') },
  ];
  const { verdict } = await decide(subjectOf(TAGGED), other, DEFAULT_POLICY, nothingAtHand(0));
  assert.equal(verdict.accepted, false);
});

test('the verdict says whether the index or one platform is covered', async () => {
  const manifest = { ...PINNED.root, digest: digestOfText('child') };
  assert.equal((await judge(PINNED)).verdict.covers, 'platform');
  assert.equal((await judge(resolvedPlugin({ pinned: true, manifest }))).verdict.covers, 'index');
});

test('B6: a verdict admits only the plugin it is about, and only when it accepts', async () => {
  const { verdict, evidence } = await judge(PINNED);
  const other = resolvedPlugin({ root: { ...PINNED.root, digest: digestOfText('other') } });
  assert.throws(() => admit(other, verdict, { evidence }), { code: 'POLICY_REFUSED' });
  assert.throws(() => admit(PINNED, { ...verdict, accepted: false }, { evidence }), { code: 'POLICY_REFUSED' });
});

test('only the object the judge made is a verified plugin', async () => {
  const verified = await judge(PINNED);
  VerifiedPlugin.assert(verified);
  for (const forged of [
    { ...verified },
    Object.create(verified),
    Object.create(VerifiedPlugin.prototype),
    PINNED,
    null,
  ]) {
    assert.throws(() => VerifiedPlugin.assert(forged), { code: 'POLICY_NOT_VERIFIED' });
  }
  assert.throws(() => new VerifiedPlugin(Symbol('verified'), PINNED, verified.verdict, { evidence: [] }), {
    code: 'POLICY_NOT_VERIFIED',
  });
});

test('B6: what was judged cannot be changed afterwards', async () => {
  const layers = [{ mediaType: 'application/wasm', digest: digestOfText('layer'), size: 5 }];
  const plugin = resolvedPlugin({ pinned: true, layers });
  const verified = await judge(plugin);
  layers.push({ mediaType: 'application/wasm', digest: digestOfText('evil'), size: 4 });
  assert.equal(verified.plugin.layers.length, 1);
  assert.throws(() => Object.assign(verified.plugin.root, { digest: digestOfText('evil') }), TypeError);
  assert.throws(() => Object.assign(verified, { verdict: undefined }), TypeError);
});

test('F12: an aborted operation is not judged', async () => {
  await assert.rejects(judge(PINNED, {}, {}, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});
