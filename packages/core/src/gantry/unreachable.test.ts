import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyGraph, type Environment, openLayout, parseReference, systemEnvironment } from '@gantry/oci';
import { labKeyPair, tufRepository } from '@gantry/testkit';
import { SCRIPT } from '../install/plugin.fixture.ts';
import { byKey, digestIn, signedWorld } from './signed-world.fixture.ts';

const DAY = 86_400_000;
const OFFLINE = { code: 'REGISTRY_OFFLINE' };

/** The real world, `later` milliseconds from now, with every connection written down. */
function watched(later = 0, reachable = true): { readonly environment: Environment; readonly dialled: string[] } {
  const dialled: string[] = [];
  const system = systemEnvironment();
  const environment: Environment = {
    ...system,
    now: () => Date.now() + later,
    connect: (address) => {
      dialled.push(`${address.host}:${address.port}`);
      assert.ok(reachable, 'somebody was connected to');
      return system.connect(address);
    },
  };
  return { environment, dialled };
}

test('E11: what is installed starts for thirty days without registry, TUF repository and log, and says how old its verdict is', async (t) => {
  const world = await signedWorld(t);
  const tuf = await tufRepository(t, { targets: { 'trusted_root.json': JSON.stringify(world.lab.trustedRoot) } });
  const trustRoot = { type: 'tuf', mirror: tuf.url, root: await tuf.rootFile(world.files) } as const;
  const policy = world.policy(world.keyless({ trustRoot }));
  const reference = await world.publish('tool', SCRIPT);
  await world.sign(reference);
  const online = watched();
  const { facts } = await world.open({ policy, environment: online.environment }).install(reference);
  assert.ok(tuf.requests.length > 0);
  assert.ok(online.dialled.length > 0, 'the hook sees connections');
  const asked = tuf.requests.length;
  world.script();

  for (const [days, stale] of [
    [0, false],
    [30, true],
  ] as const) {
    for (const offline of [false, true]) {
      const { environment, dialled } = watched(days * DAY, false);
      const gantry = world.open({ policy, environment, offline });
      for (const asking of ['tool', reference]) {
        const { verdict } = (await gantry.acquire(asking)).facts;
        assert.deepEqual([verdict.accepted, verdict.stale, verdict.judgedAt], [true, stale, facts.verdict.judgedAt]);
      }
      const [row] = await gantry.root.reverify();
      assert.deepEqual([row?.error, row?.facts?.verdict.accepted, row?.facts?.verdict.stale], [undefined, true, stale]);
      const { clauses } = await gantry.explain(reference);
      assert.equal(clauses[0]?.trustRoot?.stale, stale);
      assert.deepEqual(dialled, []);
    }
  }
  assert.equal(world.registry.log.count(), 0);
  assert.equal(tuf.requests.length, asked);
});

test('C12: offline there is no new verdict by a trust root whose grace is over, nor without one', async (t) => {
  const world = await signedWorld(t);
  const tuf = await tufRepository(t, { targets: { 'trusted_root.json': JSON.stringify(world.lab.trustedRoot) } });
  const trustRoot = { type: 'tuf', mirror: tuf.url, root: await tuf.rootFile(world.files) } as const;
  const policy = world.policy(world.keyless({ trustRoot }));
  const reference = await world.publish('tool', SCRIPT);
  await world.sign(reference);
  const online = world.open({ policy });
  const plugin = await online.resolve(reference);
  await online.install(reference);
  tuf.answer(() => ({ status: 503, body: '' }));
  const late = world.open({ policy, environment: watched(60 * DAY).environment });
  const op = { limits: { retries: 1 } };
  await assert.rejects(late.verify(plugin, {}, op), { code: 'SIGNATURE_TRUST_ROOT' });
  assert.equal((await late.root.get('tool')).facts.verdict.accepted, true);
  rmSync(join(world.home, 'trust'), { recursive: true });
  await assert.rejects(world.open({ policy }).verify(plugin, {}, op), { code: 'SIGNATURE_TRUST_ROOT' });
});

test('--offline opens no socket: what would need one is refused by name', async (t) => {
  const world = await signedWorld(t);
  const key = labKeyPair();
  const policy = world.policy(byKey(key));
  const reference = await world.publish('tool', SCRIPT);
  await world.sign(reference, { key });
  const { environment, dialled } = watched(0, false);
  const gantry = world.open({ policy, environment, offline: true });
  await assert.rejects(gantry.install(reference), OFFLINE);
  await assert.rejects(gantry.plan(reference), OFFLINE);
  assert.deepEqual(dialled, []);
});

test('a layout carries its signatures: --offline verifies and installs it', async (t) => {
  const world = await signedWorld(t);
  const reference = await world.publish('tool', SCRIPT);
  await world.sign(reference);
  const directory = join(world.files, 'layout');
  await using layout = await openLayout(directory, { create: true });
  const source = world.repository('tool');
  const root = await source.resolve(parseReference(reference));
  await copyGraph(source, layout, root, { tag: '1.0', referrers: true });
  const { environment, dialled } = watched(0, false);
  const policy = world.policy(world.keyless(), `oci-layout:${world.files}`);
  const gantry = world.open({ policy, environment, offline: true });
  const { facts } = await gantry.install(`oci-layout:${directory}:1.0`);
  assert.deepEqual([facts.digest, facts.verdict.policy], [digestIn(reference), 'cosign']);
  const other = world.open({ policy: world.policy(byKey(labKeyPair()), `oci-layout:${world.files}`), offline: true });
  await assert.rejects(other.install(`oci-layout:${directory}:1.0`), { code: 'SIGNATURE_INVALID' });
  assert.deepEqual(dialled, []);
});

test('a key, or a trust root in a file, never asks a TUF repository', async (t) => {
  const world = await signedWorld(t);
  const key = labKeyPair();
  const keyed = await world.publish('keyed', SCRIPT);
  await world.sign(keyed, { key });
  const keyless = await world.publish('keyless', SCRIPT);
  await world.sign(keyless);
  for (const [reference, policy] of [
    [keyed, world.policy(byKey(key))],
    [keyless, world.policy(world.keyless())],
  ] as const) {
    const { environment, dialled } = watched();
    const gantry = world.open({ policy, environment });
    assert.equal((await gantry.install(reference)).facts.digest, digestIn(reference));
    assert.deepEqual([...new Set(dialled)], [world.registry.address]);
  }
});
