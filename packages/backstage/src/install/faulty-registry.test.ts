import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, systemEnvironment } from '@gantry/oci';
import { type HubWorld, hubWorld, type Rule, scriptedRegistry, startTokenServer } from '@gantry/testkit';
import { type Installed, install, type RunOptions } from './install.fixture.ts';

const NAMES = Array.from({ length: 10 }, (_, nth) => `p${nth}`);
/** A moment between attempts is as good as a second. */
const HASTY = { limits: { retryDelay: 5 } };

/** A pod that wants ten images, each with one plugin. */
async function tenImages(world: HubWorld, address: string = world.registry.address): Promise<void> {
  for (const name of NAMES) await world.publish(`acme/${name}`, [name]);
  await wants(
    world,
    NAMES.map((name) => `${address}/acme/${name}:1.0`),
  );
}

function wants(world: HubWorld, images: readonly string[]): Promise<void> {
  return world.configure(`plugins:\n${images.map((image) => `  - package: oci://${image}\n`).join('')}`);
}

/** That everything was installed, and nothing else is there. */
async function installedAll(world: HubWorld, { failure, states, report, lines }: Installed): Promise<void> {
  assert.equal(failure, undefined, String(failure));
  assert.ok(
    states.every((state) => state.endsWith(' installed')),
    `${JSON.stringify(report.plugins, null, 1)}\n${lines.join('\n')}`,
  );
  assert.deepEqual(await world.names(), ['app-config.dynamic-plugins.yaml', ...NAMES]);
  for (const name of NAMES) assert.equal(await world.read(`${name}/index.js`), `// acme/${name}\n`);
}

const flaws: readonly (readonly [what: string, rules: readonly Rule[], options?: RunOptions])[] = [
  ['F3: cuts every fifth blob', [{ method: 'GET', path: '/blobs/', nth: (count) => count % 5 === 0, cut: 100 }]],
  [
    'F3: cuts every fifth blob and gives no ranges',
    [
      { method: 'GET', path: '/blobs/', hide: ['range'], headers: { 'accept-ranges': null } },
      { method: 'GET', path: '/blobs/', nth: (count) => count % 5 === 0, cut: 100 },
    ],
  ],
  ['F3: cuts every fifth answer before its head', [{ nth: (count) => count % 5 === 0, cut: 'none' }]],
  ['F11: hangs up after every answer without a word', [{ hangUp: 'silent' }]],
  ['F2: is down for its first requests', [{ nth: (count) => count <= 12, status: 503 }]],
  ['F4: is slow', [{ delay: 20, drip: { bytes: 100, pause: 2 } }]],
  [
    'F4: falls silent in the middle of every fifth blob',
    [{ method: 'GET', path: '/blobs/', nth: (count) => count % 5 === 0, stall: 100 }],
    { op: { limits: { ...HASTY.limits, idleTimeout: 300 } } },
  ],
];
for (const [what, rules, options] of flaws) {
  const [id, ...words] = what.split(' ');
  test(`${id} a registry that ${words.join(' ')}: every plugin is installed`, async (t) => {
    const world = await hubWorld(t);
    await tenImages(world);
    world.registry.script(rules);
    await installedAll(world, await install(world, { op: HASTY, ...options }));
  });
}

test('F2: a registry that stays down: one error for each plugin, what is there stays, and the next run installs', async (t) => {
  const world = await hubWorld(t);
  await tenImages(world);
  world.registry.script([{ status: 503 }]);
  const { failure, report } = await install(world, { op: { limits: { retryDelay: 5, retries: 2 } } });
  assert.ok(failure !== undefined || report.plugins.every(({ state }) => state === 'failed'));
  assert.match(JSON.stringify(failure ?? report), /503|REGISTRY_UNAVAILABLE/);
  assert.deepEqual(await world.names(), []);
  world.registry.script([]);
  await installedAll(world, await install(world));
});

test('F5: a registry that wants a fresh token in the middle of the run gets one', async (t) => {
  const world = await hubWorld(t);
  const tokens = await startTokenServer(t);
  const { storage } = world.registry;
  const guarded = await scriptedRegistry(t, [], { storage, auth: { kind: 'bearer', tokens } });
  await tenImages(world, guarded.address);
  let requests = 0;
  const onEvent = (): void => {
    requests += 1;
    if (requests === 3 * NAMES.length) tokens.revoke();
  };
  await installedAll(world, await install(world, { op: { ...HASTY, onEvent } }));
  assert.ok(tokens.requests.length > NAMES.length, 'no token was revoked');
});

test('a tag that moves during the run: everything of an image is of the digest that was resolved first', async (t) => {
  const world = await hubWorld(t);
  const before = await world.publish('acme/p', ['one', 'two'], { text: 'before' });
  let moved: Promise<unknown> | undefined;
  const move = (): Promise<unknown> => {
    moved ??= world.publish('acme/p', ['one', 'two'], { text: 'after' });
    return moved;
  };
  // Whatever is asked behind the first manifest finds the tag elsewhere.
  world.registry.script([{ nth: (count) => count > 1, decide: () => ({ gate: move() }) }]);
  await wants(world, [`${before.image}!one`, `${before.image}!two`]);
  const { states, report } = await install(world);
  assert.deepEqual(states, ['oci://acme/p:1.0!one installed', 'oci://acme/p:1.0!two installed']);
  assert.ok(moved !== undefined);
  for (const name of ['one', 'two']) {
    assert.equal(await world.read(`${name}/index.js`), '// before\n');
    assert.equal(await world.read(`${name}/dynamic-plugin-image.hash`), before.digest.slice('sha256:'.length));
  }
  assert.deepEqual(new Set(report.plugins.map(({ digest }) => digest)), new Set([before.digest]));
});

test('F1: 200 pods are told to come back later: each rests once for all its images, and nobody asks meanwhile', async (t) => {
  const PODS = 200;
  const IMAGES = ['one', 'two', 'three'];
  const RETRY_AFTER_MS = 7000;
  const world = await hubWorld(t);
  for (const name of IMAGES) await world.publish(`acme/${name}`, [name]);
  /** By pod: whether it has waited as it was told to. */
  const rested = new Set<string>();
  const refusals = new Map<string, number>();
  let requests = 0;
  const busy: Rule = {
    decide: ({ url = '' }) => {
      requests += 1;
      const pod = /^\/v2\/(pod-\d+)\//.exec(url)?.[1] ?? '';
      if (rested.has(pod)) return {};
      refusals.set(pod, (refusals.get(pod) ?? 0) + 1);
      return { status: 429, headers: { 'retry-after': `${RETRY_AFTER_MS / 1000}` } };
    },
    // Every pod has names of its own for the same images.
    rewrite: (url) => url.replace(/^\/v2\/pod-\d+\//, '/v2/'),
  };
  world.registry.script([busy]);

  const pod = async (nth: number): Promise<Installed> => {
    const name = `pod-${nth}`;
    const cwd = join(world.cwd, name);
    await mkdir(join(cwd, 'root'), { recursive: true });
    const images = IMAGES.map((image) => `${world.registry.address}/${name}/acme/${image}:1.0`);
    await world.configure(
      `plugins:\n${images.map((image) => `  - package: oci://${image}\n`).join('')}`,
      `${name}/dynamic-plugins.yaml`,
    );
    const system = systemEnvironment();
    let skipped = 0;
    const environment: Partial<Environment> = {
      random: () => 0,
      monotonic: () => system.monotonic() + skipped,
      // Only the rest that the registry asked for is that long; in it others of the pod have time to ask all the same.
      sleep: async (ms, signal) => {
        if (ms < RETRY_AFTER_MS / 2 || ms > RETRY_AFTER_MS) return system.sleep(ms, signal);
        await sleep(50);
        rested.add(name);
        skipped += ms;
      },
    };
    // What is only planned asks for as many manifests, and does not keep this machine's disk busy.
    const dryRun = nth % 40 !== 0;
    const op = { limits: { connectionsPerOrigin: 2 } };
    return install({ ...world, cwd, root: join(cwd, 'root') }, { environment, dryRun, op });
  };
  const ended = await Promise.all(Array.from({ length: PODS }, (_, nth) => pod(nth)));
  for (const { failure, states } of ended) {
    assert.equal(failure, undefined, String(failure));
    assert.deepEqual(
      states.map((state) => state.split(' ')[1]),
      IMAGES.map(() => 'installed'),
    );
  }
  assert.equal(refusals.size, PODS);
  assert.ok(Math.max(...refusals.values()) <= 2, `refused ${Math.max(...refusals.values())} times`);
  const refused = [...refusals.values()].reduce((sum, count) => sum + count, 0);
  assert.equal(
    requests,
    ended.reduce((sum, { report }) => sum + report.requests, 0),
  );
  // A manifest and a layer for each image, or the size of the layer.
  assert.ok(requests - refused <= PODS * IMAGES.length * 2, `${requests - refused} requests`);
});
