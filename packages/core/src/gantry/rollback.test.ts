import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GITHUB_ISSUER, githubIdentity, labKeyPair } from '@gantry/testkit';
import { SCRIPT } from '../install/plugin.fixture.ts';
import { RELEASE_RULE } from '../trust/signatures/judging.fixture.ts';
import { byKey, digestIn, signedWorld } from './signed-world.fixture.ts';

const DAY = 86_400_000;
const OLD: Uint8Array = new TextEncoder().encode('#!/bin/sh\necho old\n');

test('C9: an older signed release behind the tag is POLICY_ROLLBACK; a digest or a lock is consent', async (t) => {
  let now = Date.now() - 2 * DAY;
  const world = await signedWorld(t, () => now);
  const source = `${world.registry.address}/acme/tool:latest`;
  const old = await world.publish('tool', OLD, 'latest');
  await world.sign(old);
  const policy = world.policy(world.keyless());
  await world.open({ policy }).install(source);
  now += DAY;
  const newer = await world.publish('tool', SCRIPT, 'latest');
  await world.sign(newer);
  assert.equal((await world.open({ policy }).install(source)).facts.digest, digestIn(newer));

  await world.publish('tool', OLD, 'latest');
  // Another process: what it knows is what is on disk.
  const gantry = world.open({ policy });
  await assert.rejects(gantry.install(source), { code: 'POLICY_ROLLBACK' });
  await assert.rejects(gantry.plan(source), { code: 'POLICY_ROLLBACK' });
  await assert.rejects(gantry.verify(await gantry.resolve(source)), { code: 'POLICY_ROLLBACK' });
  assert.equal((await gantry.root.get('tool')).facts.digest, digestIn(newer), 'what is installed stays');
  assert.equal((await gantry.install(old)).facts.digest, digestIn(old), 'named by its digest');
  await assert.rejects(gantry.install(source), { code: 'POLICY_ROLLBACK' }, 'to go back once forgets nothing');
  const locked = await gantry.install({ source, lockedDigest: digestIn(old) });
  assert.equal(locked.facts.digest, digestIn(old), 'named by gantry.lock');
  assert.equal(
    (await gantry.root.get('tool')).facts.digest,
    digestIn(old),
    'what is installed is not compared at its start',
  );
});

test('C9: the same release is no rollback, whichever of its signatures is found', async (t) => {
  let now = Date.now() - 2 * DAY;
  const world = await signedWorld(t, () => now);
  const source = `${world.registry.address}/acme/tool:1.0`;
  const policy = world.policy(world.keyless());
  const reference = await world.publish('tool', SCRIPT);
  await world.signSimple(reference);
  now += DAY;
  const bundle = await world.sign(reference);
  await world.open({ policy }).install(source);
  await world.repository('tool').delete(bundle);
  await world.open({ policy }).install(source);
});

test('C9: to plan remembers nothing, and without a trusted time nothing is compared', async (t) => {
  let now = Date.now() - 2 * DAY;
  const world = await signedWorld(t, () => now);
  const source = `${world.registry.address}/acme/tool:latest`;
  const policy = world.policy(world.keyless());
  const old = await world.publish('tool', OLD, 'latest');
  await world.sign(old);
  now += DAY;
  await world.sign(await world.publish('tool', SCRIPT, 'latest'));
  await world.open({ policy }).plan(source);
  await world.publish('tool', OLD, 'latest');
  await world.open({ policy }).install(source);

  const key = labKeyPair();
  const keyed = world.policy(byKey(key));
  await world.sign(await world.publish('plain', SCRIPT, 'latest'), { key });
  await world.open({ policy: keyed }).install(`${world.registry.address}/acme/plain:latest`);
  await world.sign(await world.publish('plain', OLD, 'latest'), { key });
  await world.open({ policy: keyed }).install(`${world.registry.address}/acme/plain:latest`);
});

test('C8, C9: to leave the time of an old signature away is no way back, where the trust root could tell it', async (t) => {
  let now = Date.now() - 2 * DAY;
  const world = await signedWorld(t, () => now);
  const source = `${world.registry.address}/acme/tool:latest`;
  const key = labKeyPair();
  const policy = world.policy(byKey(key, { trustRoot: { type: 'file', path: world.trustRootFile } }));
  const old = await world.publish('tool', OLD, 'latest');
  await world.sign(old, { key, log: 'none', tsa: false });
  await world.open({ policy }).install(source);
  now += DAY;
  const newer = await world.publish('tool', SCRIPT, 'latest');
  await world.sign(newer, { key, log: 'none', tsa: true });
  await world.open({ policy }).install(source);
  await world.publish('tool', OLD, 'latest');
  const back = world.open({ policy }).install(source);
  await assert.rejects(back, {
    code: 'POLICY_ROLLBACK',
    message: /was signed at no trusted time; what was signed at 2/,
  });
  await world.open({ policy }).install(old);
  // Without a trust root no signature has a time, so the policy does not compare any.
  await world.open({ policy: world.policy(byKey(key)) }).install(source);
});

test('C15: an update by a signer outside the policy is POLICY_SIGNER_CHANGED; the same without an installation is not', async (t) => {
  const world = await signedWorld(t);
  const policy = world.policy(world.keyless());
  const source = `${world.registry.address}/acme/tool:latest`;
  const first = await world.publish('tool', OLD, 'latest');
  await world.sign(first);
  const update = await world.publish('tool', SCRIPT, 'latest');
  await world.sign(update, { identity: githubIdentity() });
  await assert.rejects(world.open({ policy }).install(source), { code: 'POLICY_IDENTITY' });
  const installed = await world.open({ policy }).install(first);
  const gantry = world.open({ policy });
  for (const asked of [source, update, { source, allowUnsigned: true, replace: true }]) {
    await assert.rejects(gantry.install(asked), { code: 'POLICY_SIGNER_CHANGED' });
  }
  assert.equal((await gantry.root.get('tool')).facts.digest, installed.facts.digest);
  // Only the policy lets the new one in.
  const identities = [RELEASE_RULE, { issuer: { exact: GITHUB_ISSUER }, sourceRepository: { pattern: '/.*/' } }];
  const wider = world.open({ policy: world.policy(world.keyless({ identities })) });
  assert.equal((await wider.install(source)).facts.digest, digestIn(update));
});
