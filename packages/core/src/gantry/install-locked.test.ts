import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Descriptor, openRepository, openTransport, parseReference, type Repository } from '@gantry/oci';
import { attachBundle, type LabKeyPair, labKeyPair, publicPem, sigstoreLab } from '@gantry/testkit';
import { SCRIPT } from '../install/plugin.fixture.ts';
import { readLock } from '../lock/lock-store.ts';
import { policyKey } from '../trust/material/policy-key.ts';
import type { Policy } from '../trust/policy.ts';
import { installLocked, type LockedRequest, type LockedSet, planLocked } from './install-locked.ts';
import { testWorld, type World } from './world.fixture.ts';

const [ALICE, BOB] = [labKeyPair(), labKeyPair()];

/** Wants a signature by one of these keys, by so many different ones. */
function signedBy(keys: readonly LabKeyPair[], threshold = 1): Policy {
  const signatures = {
    keys: keys.map(({ publicKey }, index) => policyKey(publicPem(publicKey), `/etc/keys/${index}.pub`)),
    identities: [],
    threshold,
    log: 'none',
    timestamp: 'none',
    ct: 'none',
    subject: 'either',
    claims: {},
    trustRoot: { type: 'none' },
  } as const;
  return { fallback: 'digest', lists: [[{ scope: '127.0.0.1/', require: 'cosign', signatures, source: 'test' }]] };
}

/** A world with one published plugin, `acme/tool:1.0`, and a place for a lock. */
interface Place extends World {
  readonly lockFile: string;
  readonly request: LockedRequest;
  readonly repository: Repository;
  readonly subject: Descriptor;
  sign(key: LabKeyPair): Promise<Descriptor>;
  install(policy: Policy, options?: { readonly frozen?: boolean }): Promise<LockedSet>;
}

async function place(t: TestContext): Promise<Place> {
  const world = await testWorld(t);
  await world.publish('tool', SCRIPT);
  const transport = openTransport();
  t.after(() => transport[Symbol.asyncDispose]());
  const source = `${world.registry.address}/acme/tool:1.0`;
  const repository = openRepository(source, transport);
  const subject = await repository.resolve(parseReference(source));
  const lab = sigstoreLab();
  const request = { name: 'tool', source };
  const lockFile = join(world.files, 'gantry.lock');
  return {
    ...{ ...world, lockFile, request, repository, subject },
    sign: async (key) => (await attachBundle(repository, subject, lab.signBundle(subject.digest, { key }))).descriptor,
    install: (policy, options = {}) => {
      // The scope of a policy has the port of this registry.
      const lists = policy.lists.map((list) => list.map((clause) => ({ ...clause, scope: world.registry.address })));
      return installLocked(world.open({ policy: { ...policy, lists } }), [request], { lockFile, ...options });
    },
  };
}

function failureOf({ outcomes }: LockedSet): unknown {
  const [outcome] = outcomes;
  return outcome?.state === 'failed' ? outcome.error : undefined;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error;
}

test('the lock holds who signed, without the name of any file, and by what evidence', async (t) => {
  const { sign, install, lockFile, files } = await place(t);
  await sign(ALICE);
  const set = await install(signedBy([ALICE]));
  assert.equal(failureOf(set), undefined);
  const [entry] = readLock(lockFile)?.plugins ?? [];
  assert.equal(entry?.signer, policyKey(publicPem(ALICE.publicKey), 'x').id);
  assert.equal(entry?.evidence.length, 1);
  assert.ok(!JSON.stringify(entry).includes('/etc/keys') && !JSON.stringify(entry).includes(files));
  assert.deepEqual(
    set.changes.map(({ name, before, after }) => [name, before, after?.digest]),
    [['tool', undefined, entry?.digest]],
  );
  assert.equal(failureOf(await install(signedBy([ALICE]), { frozen: true })), undefined);
});

test('a signature that came later changes neither what frozen accepts nor the lock, whoever of the signers made it', async (t) => {
  const { sign, install, lockFile } = await place(t);
  await sign(ALICE);
  const policy = signedBy([ALICE, BOB]);
  await install(policy);
  const before = readLock(lockFile);
  for (let count = 0; count < 8; count += 1) await sign(count % 2 === 0 ? BOB : ALICE);
  assert.equal(failureOf(await install(policy, { frozen: true })), undefined);
  assert.deepEqual((await install(policy)).changes, []);
  assert.deepEqual(readLock(lockFile), before);
});

test('C8: frozen refuses when the locked evidence is gone, though another accepted signature is there', async (t) => {
  const { sign, install, repository, lockFile } = await place(t);
  const signature = await sign(ALICE);
  const policy = signedBy([ALICE, BOB]);
  await install(policy);
  await repository.delete(signature);
  assert.equal(codeOf(failureOf(await install(policy, { frozen: true }))), 'SIGNATURE_MISSING');
  await sign(ALICE);
  const gone = failureOf(await install(policy, { frozen: true }));
  assert.equal(codeOf(gone), 'POLICY_LOCK');
  assert.match(String(gone), /evidence that .*gantry\.lock holds is no longer there/);
  assert.equal((await install(policy)).changes.length, 1, 'without --frozen today’s evidence is locked');
  assert.equal(failureOf(await install(policy, { frozen: true })), undefined);
  assert.equal(readLock(lockFile)?.plugins[0]?.evidence.length, 1);
});

test('C16: a policy that changed after the lock was written is judged anew, and frozen refuses another signer', async (t) => {
  const { sign, install, open } = await place(t);
  await sign(ALICE);
  await sign(BOB);
  await install(signedBy([ALICE]));
  const other = failureOf(await install(signedBy([BOB]), { frozen: true }));
  assert.equal(codeOf(other), 'POLICY_LOCK');
  assert.match(String(other), /the signer is sha256:[0-9a-f]{64}, .*gantry\.lock has sha256:/);
  const both = failureOf(await install(signedBy([ALICE, BOB], 2), { frozen: true }));
  assert.equal(codeOf(both), 'POLICY_LOCK');
  const nobody = failureOf(await install(signedBy([labKeyPair()]), { frozen: true }));
  assert.equal(codeOf(nobody), 'SIGNATURE_INVALID');
  const without = failureOf(await install({ fallback: 'digest', lists: [] }, { frozen: true }));
  assert.equal(codeOf(without), 'POLICY_LOCK', 'a weaker policy does not pass for the one that was locked');
  assert.equal((await open().root.list()).length, 1);
});

test('several signers are locked together', async (t) => {
  const { sign, install, lockFile } = await place(t);
  await sign(BOB);
  await sign(ALICE);
  const policy = signedBy([ALICE, BOB], 2);
  await install(policy);
  const [entry] = readLock(lockFile)?.plugins ?? [];
  assert.equal(entry?.evidence.length, 2);
  assert.deepEqual(entry?.signer.split(', '), entry?.signer.split(', ').toSorted());
  assert.equal(entry?.signer.split(', ').length, 2);
  assert.equal(failureOf(await install(policy, { frozen: true })), undefined);
});

test('C9: a lock that goes back to an older digest is obeyed: it is written by who is trusted to', async (t) => {
  const { sign, install, lockFile, publish, subject } = await place(t);
  await sign(ALICE);
  await install(signedBy([ALICE]));
  const text = JSON.stringify({ schemaVersion: 1, ...readLock(lockFile) });
  await publish('tool', Buffer.from('#!/bin/sh\necho second\n'));
  writeFileSync(lockFile, text);
  const [outcome] = (await install(signedBy([ALICE]), { frozen: true })).outcomes;
  assert.ok(outcome !== undefined && 'installed' in outcome);
  assert.equal(outcome.installed.facts.digest, subject.digest);
});

test('a lock that cannot be written leaves everything as it was', async (t) => {
  const { open, request, files, sign } = await place(t);
  await sign(ALICE);
  const gantry = open({ policy: { fallback: 'none', lists: [] } });
  const lockFile = join(files, 'absent', 'gantry.lock');
  await assert.rejects(installLocked(gantry, [request], { lockFile }), { code: 'CONFIG_LOCK_UNWRITABLE' });
  assert.deepEqual(await gantry.root.list(), []);
});

test('a plan says what the lock would make of it, and writes nothing', async (t) => {
  const { open, request, lockFile, publish, subject } = await place(t);
  const gantry = open({ policy: { fallback: 'none', lists: [] } });
  await installLocked(gantry, [request], { lockFile });
  await publish('tool', Buffer.from('#!/bin/sh\necho second\n'));
  const before = readLock(lockFile);
  const absent = { name: 'absent', source: `${dirname(request.source)}/absent:1.0` };
  const [plan, failed] = await planLocked(gantry, [request, absent], { lockFile });
  assert.ok(plan !== undefined && !('error' in plan));
  assert.deepEqual([plan.digest, plan.action], [subject.digest, 'unchanged']);
  assert.ok(failed !== undefined && 'error' in failed);
  assert.deepEqual(readLock(lockFile), before);
  await assert.rejects(planLocked(gantry, [request, absent], { lockFile, frozen: true }), {
    code: 'CONFIG_LOCK_DRIFT',
  });
});
