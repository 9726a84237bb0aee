import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labKeyPair } from '@gantry/testkit';
import type { PolicyClause } from '../trust/policy.ts';
import { byKey, signedWorld } from './signed-world.fixture.ts';

test('C16: the rules that hold for a name are told with the place of each, without asking anybody', async (t) => {
  const world = await signedWorld(t);
  const { address } = world.registry;
  const wide: PolicyClause = { scope: `${address}/`, require: 'none', source: 'user.yaml: trust[0]' };
  const narrow = world.clause(world.keyless(), `${address}/acme`);
  const pinned: PolicyClause = { scope: 'https://host.example/', require: 'digest', source: 'gantry.yaml: trust[1]' };
  const gantry = world.open({ policy: { fallback: 'digest', lists: [[wide, narrow], [pinned]] }, offline: true });
  const signed = await gantry.explain(`oci://${address}/acme/tool:1.0`);
  assert.equal(signed.name, `${address}/acme/tool`);
  assert.deepEqual(
    signed.clauses.map(({ clause, outranked }) => [clause.source, outranked.map(({ source }) => source)]),
    [['gantry.yaml: trust[0]', ['user.yaml: trust[0]']]],
  );
  const { trustRoot } = signed.clauses[0] ?? {};
  assert.deepEqual([trustRoot?.source, trustRoot?.stale], [{ type: 'file', path: world.trustRootFile }, false]);
  assert.match(trustRoot?.digest ?? '', /^sha256:/);

  const tarball = await gantry.explain('https://host.example/tool.tgz?token=secret');
  assert.equal(tarball.name, 'https://host.example/tool.tgz');
  assert.deepEqual(
    tarball.clauses.map(({ clause }) => clause.require),
    ['digest'],
  );
  const path = await gantry.explain({ source: './tool', base: '/opt' });
  assert.deepEqual([path.name, path.clauses, path.fallback], ['file:/opt/tool', [], 'digest']);
  assert.equal(new Set([signed, tarball, path].map((told) => told.policyDigest)).size, 3);
  assert.equal(world.registry.log.count(), 0);
});

test('trust material that cannot be read is told beside the rule', async (t) => {
  const world = await signedWorld(t);
  const missing = world.keyless({ trustRoot: { type: 'file', path: '/nowhere/trusted_root.json' } });
  const gantry = world.open({ policy: world.policy(missing) });
  const [told] = (await gantry.explain(`${world.registry.address}/acme/tool`)).clauses;
  assert.match(String(told?.trustRoot?.error), /trusted_root\.json/);
  const keys = world.open({ policy: world.policy(byKey(labKeyPair())) });
  const [plain] = (await keys.explain(`${world.registry.address}/acme/tool`)).clauses;
  assert.equal(plain?.trustRoot, undefined, 'keys need none');
  await assert.rejects(gantry.explain('not a reference'), { code: 'REFERENCE_INVALID' });
});
