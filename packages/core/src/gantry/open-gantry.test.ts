import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostPlatform, type OpEvent, WASM_PLATFORM } from '@gantry/oci';
import { flippedByte, flippingTag } from '@gantry/testkit';
import { Installed } from '../install/installed.ts';
import { SCRIPT, WASM } from '../install/plugin.fixture.ts';
import { testWorld } from './world.fixture.ts';

const SECOND: Uint8Array = new TextEncoder().encode('#!/bin/sh\necho second\n');

test('a pinned plugin travels the whole road from a registry', async (t) => {
  const { registry, publish, open } = await testWorld(t);
  const events: OpEvent[] = [];
  const reference = await publish('tool', SCRIPT);
  const installed = await open().install(reference, { onEvent: (event) => events.push(event) });
  Installed.assert(installed);
  assert.equal(installed.facts.name, 'tool');
  assert.equal(installed.facts.kind, 'executable');
  assert.equal(installed.facts.reference, reference);
  assert.deepEqual(readFileSync(installed.facts.entry ?? ''), Buffer.from(SCRIPT));
  const stages = events.flatMap((event) => (event.type === 'stage' ? [event.stage] : []));
  assert.deepEqual(stages, ['resolve', 'verify', 'fetch', 'install']);
  assert.equal(registry.log.count(), 2, 'one manifest, one blob');
});

test('B6: a tag is read once, and what it said first is what is installed', async (t) => {
  const { registry, publish, open, script } = await testWorld(t);
  const first = (await publish('tool', SCRIPT)).split('@')[1];
  const second = (await publish('tool', SECOND)).split('@')[1];
  assert.ok(first !== undefined && second !== undefined && first !== second);
  script(flippingTag('1.0', [first, second]));
  const source = `${registry.address}/acme/tool:1.0`;
  const { facts } = await open().install({ source, allowUnsigned: true });
  assert.equal(facts.digest, first);
  assert.equal(registry.log.count(undefined, '/manifests/1.0'), 1);
  assert.deepEqual(readFileSync(facts.entry ?? ''), Buffer.from(SCRIPT));
});

test('B7: a tag beside a digest is not read; the digest wins', async (t) => {
  const { registry, publish, open } = await testWorld(t);
  await publish('tool', SECOND, '2.0');
  const digest = (await publish('tool', SCRIPT, '1.0')).split('@')[1];
  const { facts } = await open().install(`${registry.address}/acme/tool:2.0@${digest}`);
  assert.equal(facts.digest, digest);
  assert.equal(registry.log.count(undefined, '/manifests/2.0'), 0);
  assert.deepEqual(readFileSync(facts.entry ?? ''), Buffer.from(SCRIPT));
});

test('C1: a tag alone is refused before anything is fetched', async (t) => {
  const { registry, home, publish, open } = await testWorld(t);
  await publish('tool', SCRIPT);
  await assert.rejects(open().install(`${registry.address}/acme/tool:1.0`), { code: 'POLICY_UNPINNED' });
  assert.equal(registry.log.count(undefined, '/blobs/'), 0);
  assert.equal(existsSync(join(home, 'plugins')), false);
});

test('B1: a tampered blob is refused, and the version before it stays', async (t) => {
  const { publish, open, script } = await testWorld(t);
  await open().install(await publish('tool', SCRIPT));
  const reference = await publish('tool', SECOND, '2.0');
  script(flippedByte(/\/blobs\//));
  await assert.rejects(open().install(reference), { code: 'CONTENT_DIGEST_MISMATCH' });
  assert.deepEqual(readFileSync((await open().root.get('tool')).facts.entry ?? ''), Buffer.from(SCRIPT));
});

test('B8: of an index the platform of this machine is installed, else Wasm, else what was asked for', async (t) => {
  const { publishIndex, open } = await testWorld(t);
  const other = { os: 'plan9', architecture: 'mips' };
  const both = await publishIndex('both', [
    { platform: WASM_PLATFORM, bytes: WASM },
    { platform: hostPlatform(), bytes: SCRIPT },
  ]);
  const native = await open().install(both);
  assert.deepEqual([native.facts.kind, native.facts.platform], ['executable', hostPlatform()]);
  assert.equal(native.facts.digest, both.split('@')[1]);
  assert.equal(native.facts.verdict.covers, 'index');
  const preferred = await open({ prefer: 'wasm' }).install({ source: both, name: 'preferred' });
  assert.deepEqual([preferred.facts.kind, preferred.facts.platform], ['wasm', WASM_PLATFORM]);
  const fallback = await publishIndex('fallback', [
    { platform: other, bytes: SCRIPT },
    { platform: WASM_PLATFORM, bytes: WASM },
  ]);
  assert.equal((await open().install(fallback)).facts.kind, 'wasm');
  const asked = await open().install({ source: fallback, platform: other, name: 'asked' });
  assert.deepEqual([asked.facts.kind, asked.facts.platform], ['executable', other]);
  const nothing = await publishIndex('nothing', [{ platform: other, bytes: SCRIPT }]);
  await assert.rejects(open().install(nothing), { code: 'CONTENT_NO_PLATFORM' });
});

test('D12: a claim of an index about its platform does not turn bytes into Wasm', async (t) => {
  const { publishIndex, open } = await testWorld(t);
  const reference = await publishIndex('liar', [{ platform: WASM_PLATFORM, bytes: SCRIPT }]);
  await assert.rejects(open().install(reference), { code: 'CONTENT_TYPE_MISMATCH' });
});

test('what is installed is acquired without a request, by name and by unchanged source', async (t) => {
  const { registry, publish, open } = await testWorld(t);
  await publish('tool', SCRIPT);
  const source = `${registry.address}/acme/tool:1.0`;
  const installed = await open().acquire({ source, allowUnsigned: true });
  registry.log.clear();
  for (const again of [source, `oci://${source}`, 'tool']) {
    assert.deepEqual((await open().acquire(again)).facts, installed.facts, again);
  }
  assert.deepEqual((await open({ offline: true }).acquire(source)).facts, installed.facts);
  assert.equal(registry.log.count(), 0);
  await publish('tool', SECOND, '2.0');
  const other = await open().acquire({ source: `${registry.address}/acme/tool:2.0`, allowUnsigned: true });
  assert.notEqual(other.facts.digest, installed.facts.digest);
});

test('E6: a damaged installation is repaired when it is acquired again', async (t) => {
  const { registry, publish, open } = await testWorld(t);
  const reference = await publish('tool', SCRIPT);
  const { entry = '' } = (await open().acquire(reference)).facts;
  writeFileSync(entry, 'x');
  await assert.rejects(open().root.get('tool'), { code: 'INSTALL_DAMAGED' });
  assert.deepEqual(readFileSync((await open().acquire(reference)).facts.entry ?? ''), Buffer.from(SCRIPT));
  registry.log.clear();
  await open().acquire(reference);
  assert.equal(registry.log.count(), 0);
});

test('E11: what is installed starts while its registry is away', async (t) => {
  const { registry, publish, open } = await testWorld(t);
  const reference = await publish('tool', SCRIPT);
  await open().install(reference);
  await registry.close();
  assert.equal((await open().acquire(reference)).facts.name, 'tool');
  assert.equal((await open().root.get('tool')).facts.name, 'tool');
});

test('a plan fetches manifests only and changes nothing', async (t) => {
  const { registry, home, publish, open } = await testWorld(t);
  const plan = await open().plan(await publish('tool', SCRIPT));
  assert.deepEqual([plan.name, plan.action, plan.size, plan.kind], ['tool', 'install', SCRIPT.length, 'executable']);
  assert.equal(registry.log.count(undefined, '/blobs/'), 0);
  assert.equal(existsSync(join(home, 'plugins')), false);
});

test('E9: a set is installed whole or not at all, and every failure is reported', async (t) => {
  const { registry, publish, open } = await testWorld(t);
  await publish('a', SCRIPT);
  const old = await open().install({ source: `${registry.address}/acme/a:1.0`, allowUnsigned: true });
  const requests = [
    { source: await publish('a', SECOND, '2.0') },
    { source: `${registry.address}/acme/missing:1.0` },
    { source: await publish('b', SCRIPT) },
    { source: await publish('b', SCRIPT), name: 'B' },
    { source: await publish('c', WASM) },
  ];
  const outcomes = await open().installAll(requests);
  assert.deepEqual(
    outcomes.map(({ state }) => state),
    ['held back', 'failed', 'held back', 'failed', 'held back'],
  );
  const codes = outcomes.flatMap((outcome) => (outcome.state === 'failed' ? [outcome.error] : []));
  assert.deepEqual(
    codes.map((error) => (error instanceof Error && 'code' in error ? error.code : error)),
    ['REGISTRY_NOT_FOUND', 'INSTALL_NAME_TAKEN'],
  );
  assert.equal((await open().root.get('a')).facts.digest, old.facts.digest);
  assert.equal((await open().root.list()).length, 1);

  const going = await open().installAll(requests, { keepGoing: true });
  assert.deepEqual(
    going.map(({ state }) => state),
    ['installed', 'failed', 'installed', 'failed', 'installed'],
  );
  assert.equal((await open().root.list()).length, 3);
  const again = await open().installAll(requests.filter((_, index) => index % 2 === 0));
  assert.deepEqual(
    again.map(({ state }) => state),
    ['unchanged', 'unchanged', 'unchanged'],
  );
});
