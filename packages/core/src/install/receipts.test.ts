import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { judge } from '../trust/judge.ts';
import type { Policy } from '../trust/policy.ts';
import { digestOfText } from '../trust/resolved-plugin.fixture.ts';
import { filePlugin, SCRIPT, testRoot, verified } from './plugin.fixture.ts';
import { encodeReceipt, parseReceipt } from './receipt.ts';

const strict: Policy = {
  fallback: 'digest',
  lists: [[{ scope: 'registry.example/', require: 'digest', source: 'x' }]],
};
const open: Policy = { fallback: 'digest', lists: [[{ scope: 'registry.example/', require: 'none', source: 'x' }]] };

test('C12: an installed plugin is judged again at every start, without network', async (t) => {
  const { root, reopen } = await testRoot(t);
  const plugin = filePlugin(SCRIPT, { pinned: false });
  await assert.rejects(judge(plugin), { code: 'POLICY_UNPINNED' });
  await root.install(await judge(plugin, { policy: open }));
  await assert.rejects(root.get('tool'), { code: 'POLICY_UNPINNED' }, 'the root has no such entry');
  assert.equal((await reopen({ policy: open }).get('tool')).facts.verdict.policy, 'none');
  await assert.rejects(reopen({ policy: strict }).get('tool'), { code: 'POLICY_UNPINNED' });
  const [row] = await reopen({ policy: strict }).list();
  assert.equal(row?.facts?.verdict.accepted, false, 'a listing shows it all the same');
  assert.equal((await reopen({ policy: strict }).why('tool')).facts.verdict.accepted, false);
  assert.equal((await reopen({ policy: open }).why('tool')).receipt.verdict.policy, 'none');
});

test('consent is remembered for this installation, and a trust entry overrides it', async (t) => {
  const { root, reopen } = await testRoot(t);
  await root.install(await judge(filePlugin(SCRIPT, { pinned: false }), undefined, { allowUnsigned: true }));
  const { verdict } = (await root.get('tool')).facts;
  assert.deepEqual([verdict.policy, verdict.policySource, verdict.signer], ['none', '--allow-unsigned', 'unsigned']);
  await assert.rejects(reopen({ policy: strict }).get('tool'), { code: 'POLICY_UNPINNED' });
});

test('starting asks for no store', async (t) => {
  const { root, reopen } = await testRoot(t);
  await root.install(await verified());
  const storeless = reopen({ store: () => assert.fail('the store was opened') });
  await storeless.get('tool');
  await storeless.list();
  await storeless.why('tool');
  await storeless.remove('tool');
});

test('E10: a receipt is read strictly', async (t) => {
  const { root, directory } = await testRoot(t);
  await root.install(await verified());
  const file = join(directory, 'plugins', 'tool.json');
  const good = JSON.parse(readFileSync(file, 'utf8'));
  const bad: Readonly<Record<string, unknown>> = {
    'not JSON': undefined,
    'another name': { ...good, name: 'other' },
    'an unknown field': { ...good, extra: 1 },
    'no field': { ...good, digest: undefined },
    'no digest': { ...good, manifest: 'sha256:../../../etc' },
    'another kind': { ...good, kind: 'script' },
    'a platform that is none': { ...good, platform: 'linux' },
    'an entry that leads out': { ...good, entry: { ...good.entry, path: '../../../bin/sh' } },
    'an absolute entry': { ...good, entry: { ...good.entry, path: '/bin/sh' } },
    'an entry with an empty segment': { ...good, entry: { ...good.entry, path: 'a//b' } },
    'a negative size': { ...good, entry: { ...good.entry, size: -1 } },
    'evidence of another type': { ...good, evidence: [{ type: 'trust me', digest: good.digest }] },
    'a signature without a size': { ...good, evidence: [{ type: 'signature', digest: good.digest }] },
    'a verdict of a stranger': { ...good, verdict: { ...good.verdict, trusted: true } },
    'a time that is none': { ...good, verdict: { ...good.verdict, judgedAt: 'yesterday' } },
    'evidence that is no digest': { ...good, verdict: { ...good.verdict, evidence: ['../x'] } },
    'an older schema': { ...good, schemaVersion: 0 },
    'no object': [good],
  };
  for (const [name, document] of Object.entries(bad)) {
    writeFileSync(file, document === undefined ? '<<<<<<< HEAD' : JSON.stringify(document));
    await assert.rejects(root.get('tool'), { code: 'INSTALL_DAMAGED' }, name);
    const [row] = await root.list();
    assert.equal(row?.facts, undefined, name);
    assert.notEqual(row?.error, undefined, name);
  }
  writeFileSync(file, JSON.stringify({ ...good, schemaVersion: 2 }));
  await assert.rejects(root.get('tool'), { code: 'STORE_VERSION' });
  await assert.rejects(root.install(await verified()), { code: 'STORE_VERSION' });
});

/** As Gantry wrote receipts before there were signatures. */
const OLD_RECEIPT = `{
 "schemaVersion": 1,
 "name": "tool",
 "source": "registry.example/acme/tool:1.0",
 "reference": "registry.example/acme/tool:1.0@DIGEST",
 "scopeName": "registry.example/acme/tool",
 "local": false,
 "digest": "DIGEST",
 "manifest": "DIGEST",
 "platform": "linux/amd64",
 "kind": "executable",
 "verdict": {
  "accepted": true,
  "policy": "digest",
  "policySource": "default",
  "policyDigest": "sha256:2a1c7ef6a6d6d07e08a1e1d1bfe2e1a7a92e9d36c2e3a93b0ba2e5d9f0b2c6f1",
  "subject": "DIGEST",
  "covers": "platform",
  "signer": "unsigned",
  "reason": "the user named its digest"
 },
 "evidence": [
  {
   "type": "pin",
   "digest": "DIGEST"
  }
 ],
 "files": "DIGEST",
 "entry": {
  "path": "tool",
  "size": 20,
  "digest": "DIGEST"
 },
 "installedAt": "2026-01-02T03:04:05.678Z"
}
`;

test('a receipt from before there were signatures is read, and judged by the policy of today', async (t) => {
  const digest = digestOfText('an artifact');
  const receipt = parseReceipt('tool', Buffer.from(OLD_RECEIPT.replaceAll('DIGEST', digest)));
  const { signatures, evidence, stale, judgedAt, expiresAt, trustRootDigest } = receipt.verdict;
  assert.deepEqual([signatures, evidence, stale], [[], [], false]);
  assert.deepEqual([judgedAt, expiresAt, trustRootDigest], [receipt.installedAt, undefined, undefined]);
  assert.deepEqual(parseReceipt('tool', encodeReceipt(receipt)), receipt);

  const { root, directory } = await testRoot(t);
  await root.install(await verified());
  const file = join(directory, 'plugins', 'tool.json');
  const today = JSON.parse(readFileSync(file, 'utf8'));
  const { signatures: _s, evidence: _e, stale: _st, judgedAt: _j, ...verdict } = today.verdict;
  writeFileSync(file, JSON.stringify({ ...today, verdict }));
  const { facts } = await root.get('tool');
  assert.deepEqual([facts.verdict.accepted, facts.verdict.judgedAt], [true, today.installedAt]);
  const prepared = await root.prepare(await verified());
  assert.equal(prepared.unchanged, true);
  await prepared[Symbol.asyncDispose]();
});

test('C2: evidence in a receipt counts only for the digest it names', async (t) => {
  const { root, directory } = await testRoot(t);
  await root.install(await verified());
  const file = join(directory, 'plugins', 'tool.json');
  const good = JSON.parse(readFileSync(file, 'utf8'));
  const forged = { ...good, evidence: [{ type: 'pin', digest: digestOfText('other') }] };
  writeFileSync(file, JSON.stringify(forged));
  await assert.rejects(root.get('tool'), { code: 'POLICY_UNPINNED' });
});

test('E10: a receipt that is a link is not followed, and is replaced by installing', async (t) => {
  const { root, directory } = await testRoot(t);
  await root.install(await verified());
  const file = join(directory, 'plugins', 'tool.json');
  const elsewhere = join(directory, '..', 'elsewhere.json');
  renameSync(file, elsewhere);
  const before = readFileSync(elsewhere, 'utf8');
  symlinkSync(elsewhere, file);
  await assert.rejects(root.get('tool'), { code: 'INSTALL_DAMAGED' });
  await root.install(await verified());
  assert.equal((await root.get('tool')).facts.name, 'tool');
  assert.equal(readFileSync(elsewhere, 'utf8'), before);
});

test('E10: a receipt that is a directory, or a FIFO that nobody writes, is damaged and makes nobody wait', async (t) => {
  const { root, directory } = await testRoot(t);
  await root.install(await verified());
  const file = join(directory, 'plugins', 'tool.json');
  rmSync(file);
  mkdirSync(file);
  await assert.rejects(root.get('tool'), { code: 'INSTALL_DAMAGED' });
  rmdirSync(file);
  if (process.platform === 'win32') return;
  execFileSync('mkfifo', [file]);
  await assert.rejects(root.get('tool'), { code: 'INSTALL_DAMAGED' });
  await root.install(await verified());
  assert.equal((await root.get('tool')).facts.name, 'tool');
});

test('receiptBytes holds at n-1, n and n+1', async (t) => {
  const { root, directory } = await testRoot(t);
  await root.install(await verified());
  const { length } = readFileSync(join(directory, 'plugins', 'tool.json'));
  const get = (limit: number) => root.get('tool', { limits: { receiptBytes: limit } });
  await assert.rejects(get(length - 1), { code: 'INSTALL_DAMAGED' });
  await get(length);
  await get(length + 1);
});

test('a damaged plugin does not hide the others, and can be removed', async (t) => {
  const { root, directory } = await testRoot(t);
  for (const name of ['a', 'b', 'c']) await root.install(await verified(), { name });
  writeFileSync(join(directory, 'plugins', 'b.json'), '');
  writeFileSync(join(directory, 'plugins', 'notes.txt'), 'not ours');
  assert.deepEqual(
    (await root.list()).map(({ name, error }) => [name, error === undefined]),
    [
      ['a', true],
      ['b', false],
      ['c', true],
    ],
  );
  await root.remove('b');
  assert.equal((await root.list()).length, 2);
});

test('a plan says what would happen and does nothing', async (t) => {
  const { root, reopen } = await testRoot(t);
  const plugin = filePlugin();
  const idle = reopen({ store: () => assert.fail('the store was opened') });
  const planned = await idle.plan(await verified(plugin));
  assert.deepEqual(
    [planned.name, planned.action, planned.size, planned.kind, planned.digest, planned.verdict.policy],
    ['tool', 'install', SCRIPT.length, undefined, plugin.root.digest, 'digest'],
  );
  assert.deepEqual(await root.list(), []);
  await root.install(await verified(plugin));
  assert.equal((await idle.plan(await verified(plugin))).action, 'unchanged');
  const second = filePlugin(new TextEncoder().encode('#!second'));
  assert.equal((await idle.plan(await verified(second))).action, 'update');
  const other = filePlugin(SCRIPT, { scopeName: 'evil.example/acme/tool' });
  await assert.rejects(idle.plan(await verified(other)), { code: 'INSTALL_NAME_TAKEN' });
  assert.equal((await idle.plan(await verified(other), { replace: true })).action, 'replace');
});
