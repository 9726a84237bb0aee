import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Digest, isGantryError, memoryRepository } from '@gantry/oci';
import {
  attachBundle,
  type BundleOptions,
  fakeClock,
  labKeyPair,
  publishArtifact,
  type SigstoreLab,
  sigstoreLab,
  tempDir,
} from '@gantry/testkit';
import { type FileSystem, systemFileSystem } from '../files/file-system.ts';
import { openStore } from '../store/open-store.ts';
import { type JudgeOptions, judge } from '../trust/judge.ts';
import type { LoadedTrustRoot } from '../trust/material/trust-root.ts';
import type { Policy } from '../trust/policy.ts';
import type { SignatureRequirement } from '../trust/requirement.ts';
import { resolvedPlugin } from '../trust/resolved-plugin.fixture.ts';
import { byKeys, keyless, loaded } from '../trust/signatures/judging.fixture.ts';
import type { VerifiedPlugin } from '../trust/verified-plugin.ts';
import type { InstalledFacts } from './installed.ts';
import { openPluginRoot, type PluginRoot } from './plugin-root.ts';

const DAY = 86_400_000;
const START = Date.now();
const [KEY, OTHER] = [labKeyPair(), labKeyPair()];

/** A plugin root whose trust material and clock the test holds in its hand. */
interface SignedRoot {
  readonly lab: SigstoreLab;
  readonly directory: string;
  /** Trust material at hand; taken away when undefined. */
  atHand: LoadedTrustRoot | undefined;
  advance(ms: number): Promise<void>;
  open(requirement: SignatureRequirement, fileSystem?: FileSystem): PluginRoot;
  /** Signs the plugin, unless it is signed, and verifies it. */
  verify(requirement: SignatureRequirement, options?: BundleOptions, content?: string): Promise<VerifiedPlugin>;
  /** How often trust material was loaded, which judging needs and a verdict that holds does not. */
  loads(): number;
}

async function signedRoot(t: TestContext): Promise<SignedRoot> {
  const home = await tempDir(t);
  const directory = join(home, 'plugins');
  // The clock begins in the present, as the times of files do.
  const lab = sigstoreLab({ now: () => START });
  const clock = fakeClock({ start: START + 60_000 });
  const repository = memoryRepository('registry.example/acme/tool');
  const signed = new Set<string>();
  const trustRoots = {
    load: async () => world.atHand,
    atHand: async () => {
      loads += 1;
      return world.atHand;
    },
    digestAtHand: async () => world.atHand?.digest,
  };
  let loads = 0;
  const world: SignedRoot = {
    lab,
    directory,
    atHand: loaded(lab.trustedRoot),
    advance: (ms) => clock.advance(ms),
    loads: () => loads,
    open: (requirement, fileSystem = systemFileSystem) =>
      openPluginRoot(directory, {
        fileSystem,
        store: () => openStore(join(home, 'store')),
        policy: policyOf(requirement),
        trustRoots,
        environment: clock,
      }),
    verify: async (requirement, options, content = '#!/bin/sh\n') => {
      const layer = { content, title: 'tool' };
      const { descriptor: root, layers } = await publishArtifact(repository, { layers: [layer], tag: '1.0' });
      // A signature is another each time it is made; this one is made once.
      if (!signed.has(root.digest)) await attachBundle(repository, root, lab.signBundle(root.digest, options));
      signed.add(root.digest);
      const reference = `registry.example/acme/tool:1.0@${root.digest}`;
      const kind = undefined;
      const plugin = resolvedPlugin({
        ...{ root, manifest: root, layers, reference, kind },
        content: repository,
        repository,
      });
      const judging: JudgeOptions = { policy: policyOf(requirement), trustRoots, environment: clock };
      return judge(plugin, judging);
    },
  };
  return world;
}

function policyOf(signatures: SignatureRequirement): Policy {
  const clause = {
    scope: 'registry.example/',
    require: 'cosign',
    signatures,
    source: 'gantry.yaml: trust[0]',
  } as const;
  return { fallback: 'digest', lists: [[clause]] };
}

async function verdictOf(root: PluginRoot): Promise<InstalledFacts['verdict']> {
  return (await root.get('tool')).facts.verdict;
}

function evidenceFiles({ directory }: SignedRoot): readonly string[] {
  const place = join(directory, 'evidence');
  return existsSync(place) ? readdirSync(place).sort() : [];
}

test('E11: after thirty days without anybody in reach the plugin starts, on the verdict it has', async (t) => {
  const world = await signedRoot(t);
  const { trustedRoot } = world.lab;
  world.atHand = { ...loaded(trustedRoot), goodUntil: START + 7 * DAY };
  await world.open(keyless()).install(await world.verify(keyless()));
  const fresh = await verdictOf(world.open(keyless()));
  assert.deepEqual(
    [fresh.accepted, fresh.stale, fresh.judgedAt],
    [true, false, new Date(START + 60_000).toISOString()],
  );
  assert.equal(world.loads(), 0, 'nothing is judged to start what was judged');
  await world.advance(30 * DAY);
  world.atHand = { ...loaded(trustedRoot), goodUntil: START + 7 * DAY, stale: true };
  const old = await verdictOf(world.open(keyless()));
  assert.deepEqual([old.accepted, old.stale, old.judgedAt], [true, true, fresh.judgedAt], 'it says how old it is');
  world.atHand = { ...loaded(trustedRoot), goodUntil: START + 60 * DAY };
  const renewed = await verdictOf(world.open(keyless()));
  assert.deepEqual([renewed.stale, renewed.expiresAt], [false, new Date(START + 60 * DAY).toISOString()]);
});

test('C12: a lost cache of trust material leaves an installed plugin its verdict, marked stale, and gives no new one', async (t) => {
  const world = await signedRoot(t);
  await world.open(keyless()).install(await world.verify(keyless()));
  world.atHand = undefined;
  const verdict = await verdictOf(world.open(keyless()));
  assert.deepEqual([verdict.accepted, verdict.stale], [true, true]);
  const stricter = keyless({ claims: { channel: 'stable' } });
  await assert.rejects(world.open(stricter).get('tool'), { code: 'SIGNATURE_TRUST_ROOT' });
  const [row] = await world.open(keyless()).reverify();
  assert.equal(codeOf(row?.error), 'SIGNATURE_TRUST_ROOT');
});

test('C12: maxOfflineAge ends a verdict, from when the registry was last in reach; installing again renews it', async (t) => {
  const world = await signedRoot(t);
  const requirement = byKeys([KEY], { maxOfflineAge: 7 * DAY });
  const root = world.open(requirement);
  await root.install(await world.verify(requirement, { key: KEY }));
  await world.advance(7 * DAY);
  await root.get('tool');
  await world.advance(1);
  await assert.rejects(root.get('tool'), { code: 'POLICY_STALE' });
  const [row] = await root.reverify('tool');
  assert.equal(codeOf(row?.error), 'POLICY_STALE', 'judging again without the registry is not seeing it');
  assert.equal((await root.list())[0]?.facts?.verdict.accepted, false);
  const again = await root.prepare(await world.verify(requirement, { key: KEY }));
  assert.equal(again.unchanged, true);
  again.activate();
  await again[Symbol.asyncDispose]();
  await root.get('tool');
  await world.advance(-DAY);
  await assert.rejects(root.get('tool'), { code: 'POLICY_STALE' }, 'a clock before the verdict tells no age');
});

test('C16: a changed policy judges what is installed again, from what is kept, and what no longer passes does not load', async (t) => {
  const world = await signedRoot(t);
  await world
    .open(byKeys([KEY]))
    .install(await world.verify(byKeys([KEY]), { key: KEY, claims: { channel: 'stable' } }));
  const cases: readonly [name: string, requirement: SignatureRequirement, code: string | undefined][] = [
    ['the same', byKeys([KEY]), undefined],
    ['one key more', byKeys([OTHER, KEY]), undefined],
    [
      'another name of the key',
      { ...byKeys([KEY]), keys: byKeys([KEY]).keys.map((key) => ({ ...key, name: 'x' })) },
      undefined,
    ],
    ['a claim that it has', byKeys([KEY], { claims: { channel: 'stable' } }), undefined],
    ['another key', byKeys([OTHER]), 'SIGNATURE_INVALID'],
    ['a claim that it lacks', byKeys([KEY], { claims: { channel: 'beta' } }), 'POLICY_CLAIMS'],
    ['two signers', byKeys([KEY, OTHER], { threshold: 2 }), 'POLICY_THRESHOLD'],
    ['a log', byKeys([KEY], { log: 'required' }), 'SIGNATURE_LOG'],
  ];
  for (const [name, requirement, code] of cases) {
    const root = world.open(requirement);
    const [row] = await root.list();
    const [again] = await root.reverify();
    assert.equal(row?.facts?.verdict.accepted, code === undefined, name);
    assert.equal(codeOf(again?.error), code, name);
    if (code === undefined) await root.get('tool');
    else await assert.rejects(root.get('tool'), { code }, name);
  }
});

test('C16: a trust root that no longer trusts the signer refuses what is installed', async (t) => {
  const world = await signedRoot(t);
  await world.open(keyless()).install(await world.verify(keyless()));
  const { certificateAuthorities } = sigstoreLab({ now: () => START }).trustedRoot;
  world.atHand = loaded({ ...world.lab.trustedRoot, certificateAuthorities });
  await assert.rejects(world.open(keyless()).get('tool'), { code: 'SIGNATURE_CERTIFICATE' });
  world.atHand = { ...loaded(world.lab.trustedRoot), digest: `sha256:${'0'.repeat(64)}` };
  assert.equal((await verdictOf(world.open(keyless()))).accepted, true, 'other content, same keys');
});

test('C8: evidence that is missing or changed refuses the start, and installing again heals it', async (t) => {
  const world = await signedRoot(t);
  const requirement = byKeys([KEY]);
  const root = world.open(requirement);
  await root.install(await world.verify(requirement, { key: KEY }));
  const [name] = evidenceFiles(world);
  const file = join(world.directory, 'evidence', name ?? '');
  const good = readFileSync(file);
  const changed = Buffer.from(good.toString().replace('"bundle"', '"b\\u0075ndle"'));
  const other = JSON.parse(good.toString());
  const cases: readonly [name: string, damage: () => void, whenStarted: boolean][] = [
    ['missing', () => {}, true],
    ['a directory', () => mkdirSync(file), true],
    ['cut', () => writeFileSync(file, good.subarray(0, -5)), true],
    ['longer', () => writeFileSync(file, changed.length === good.length ? `${good} ` : changed), true],
    ['empty', () => writeFileSync(file, ''), true],
    ['other bytes', () => writeFileSync(file, good.toString().replace(other.bytes, flip(other.bytes))), false],
    [
      'another subject',
      () => writeFileSync(file, good.toString().replace(other.subject, `sha256:${'1'.repeat(64)}`)),
      false,
    ],
  ];
  for (const [fault, damage, whenStarted] of cases) {
    rmSync(file, { recursive: true, force: true });
    damage();
    if (whenStarted) await assert.rejects(root.get('tool'), { code: 'INSTALL_DAMAGED' }, fault);
    // Content is hashed when it is read: when the plugin is judged again.
    const [row] = await root.reverify();
    assert.equal(codeOf(row?.error), 'INSTALL_DAMAGED', fault);
    await assert.rejects(world.open(byKeys([KEY, OTHER])).get('tool'), { code: 'INSTALL_DAMAGED' }, fault);
    rmSync(file, { recursive: true, force: true });
    await root.install(await world.verify(requirement, { key: KEY }));
    assert.equal((await root.reverify())[0]?.error, undefined, fault);
  }
});

test('a policy without signatures needs no evidence; one with signatures refuses what has none', async (t) => {
  const world = await signedRoot(t);
  await world.open(byKeys([KEY])).install(await world.verify(byKeys([KEY]), { key: KEY }));
  rmSync(join(world.directory, 'evidence'), { recursive: true });
  const plain = openPluginRoot(world.directory, {
    store: () => assert.fail('the store was opened'),
    policy: { fallback: 'none', lists: [] },
  });
  assert.equal((await verdictOf(plain)).policy, 'none');
  const [row] = await plain.reverify();
  assert.equal(row?.error, undefined);
  await assert.rejects(plain.reverify('other'), { code: 'INSTALL_NOT_FOUND' });
});

test('evidence stays while a receipt names it, and is collected when none does', async (t) => {
  const world = await signedRoot(t);
  const requirement = byKeys([KEY]);
  const root = world.open(requirement);
  const first = await world.verify(requirement, { key: KEY });
  const second = await world.verify(requirement, { key: KEY }, '#!/bin/sh\necho second\n');
  const fileOf = ({ verdict }: VerifiedPlugin): string => ((verdict.evidence[0] ?? '') as Digest).replace(':', '-');
  await root.install(first, { name: 'a' });
  await root.install(first, { name: 'b' });
  assert.deepEqual(evidenceFiles(world), [fileOf(first)], 'two names, one file');
  await root.install(second, { name: 'a' });
  await world.advance(DAY);
  await root.install(second, { name: 'c' });
  assert.deepEqual(evidenceFiles(world), [fileOf(first), fileOf(second)].sort(), 'b still rests on the first');
  await root.remove('b');
  await world.advance(DAY);
  await root.install(first, { name: 'd' });
  await root.remove('d');
  await root.get('a');
  await world.advance(DAY);
  await root.remove('c');
  assert.deepEqual(evidenceFiles(world), [fileOf(second)]);
  await root.get('a');
});

test('E1: an installation that ends at any point leaves a plugin that starts, or none, and the next one heals', async (t) => {
  const world = await signedRoot(t);
  const requirement = byKeys([KEY]);
  const plugin = await world.verify(requirement, { key: KEY });
  const points: string[] = [];
  await world.open(requirement, { ...systemFileSystem, reached: (point) => points.push(point) }).install(plugin);
  assert.ok(points.includes('install.evidence'));
  for (const [index, point] of points.entries()) {
    rmSync(world.directory, { recursive: true });
    await assert.rejects(world.open(requirement, stoppedAt(index)).install(plugin), Error, point);
    const root = world.open(requirement);
    for (const { name } of await root.list()) assert.equal((await root.reverify(name))[0]?.error, undefined, point);
    await root.install(plugin);
    await root.get('tool');
    assert.equal((await root.reverify('tool'))[0]?.error, undefined, point);
  }
});

/** A file system on which nothing more happens from the k-th named point on, as after a kill. */
function stoppedAt(k: number): FileSystem {
  let reached = -1;
  const alive = (): void => {
    if (reached >= k) throw new Error('killed');
  };
  const names = Object.keys(systemFileSystem).filter((name) => name !== 'reached');
  const calls = names.map((name) => {
    const call = systemFileSystem[name as 'close'] as (...args: unknown[]) => unknown;
    const guarded = (...args: unknown[]): unknown => {
      alive();
      return call(...args);
    };
    return [name, guarded];
  });
  const point = (): void => {
    reached += 1;
    alive();
  };
  return { ...(Object.fromEntries(calls) as FileSystem), reached: point };
}

function codeOf(error: unknown): string | undefined {
  return isGantryError(error) ? error.code : undefined;
}

function flip(base64: string): string {
  return `${base64.startsWith('A') ? 'B' : 'A'}${base64.slice(1)}`;
}
