import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { publishArtifact, type Rule, type ScriptedRegistry, scriptedRegistry, storageSink } from '@gantry/testkit';
import { annotated, type ImageWorld, imageWorld, layerOf, pluginFiles } from './images.fixture.ts';
import type { ImagesOptions } from './open-images.ts';

const IMAGE = 'registry.access.redhat.com/rhdh/one:1.0';
const SECOND = 'quay.io/rhdh/one:1.0';

/** Both names in registries of their own; the image is in the second. */
async function twoNames(
  t: TestContext,
  rules: readonly Rule[],
): Promise<{ world: ImageWorld; second: ScriptedRegistry }> {
  const second = await scriptedRegistry(t);
  await publishArtifact(storageSink(second.storage, 'rhdh/one'), {
    tag: '1.0',
    annotations: annotated('one'),
    layers: [layerOf(...pluginFiles('one'))],
  });
  return { world: await imageWorld(t, rules, { 'quay.io': second.address }), second };
}

const strict: Partial<ImagesOptions> = { strictFallback: true };
const known: Partial<ImagesOptions> = { hasCredentials: async () => true };
const op = { limits: { retries: 1 } };

const cases: readonly (readonly [
  what: string,
  rule: Rule,
  options: Partial<ImagesOptions>,
  code: string | undefined,
])[] = [
  ['404', { status: 404 }, {}, undefined],
  ['404, strict', { status: 404 }, strict, undefined],
  ['an anonymous 401, strict', { status: 401 }, strict, undefined],
  ['an anonymous 403, strict', { status: 403 }, strict, undefined],
  ['403 with credentials', { status: 403 }, known, undefined],
  ['403 with credentials, strict', { status: 403 }, { ...strict, ...known }, 'REGISTRY_DENIED'],
  ['503', { status: 503 }, {}, undefined],
  ['503, strict', { status: 503 }, strict, 'REGISTRY_UNAVAILABLE'],
  ['a broken connection', { cut: 'none' }, {}, undefined],
  ['a broken connection, strict', { cut: 'none' }, strict, 'REGISTRY_UNREACHABLE'],
];
for (const [what, rule, options, code] of cases) {
  test(`the second registry after ${what}: ${code === undefined ? 'used and reported' : 'not used'}`, async (t) => {
    const { world, second } = await twoNames(t, [rule]);
    const images = world.open(options);
    if (code !== undefined) {
      await assert.rejects(images.paths(IMAGE, op), { code });
      assert.equal(second.log.count(), 0);
      return;
    }
    assert.deepEqual(await images.paths(IMAGE, op), ['one']);
    assert.ok(world.lines.some((line) => line.includes('falling back to quay.io/rhdh/')));
    assert.equal(world.lines.at(-1), `\t==> Using fallback image: ${SECOND}`);
  });
}

test('an image that is not found is looked for once, and logged as the original does', async (t) => {
  const { world, second } = await twoNames(t, []);
  const images = world.open();
  await images.peek(IMAGE);
  await images.paths(IMAGE);
  const staged = await images.stage(IMAGE, ['one'], world.staging);
  assert.ok(staged.has('one'));
  assert.deepEqual(world.lines, [
    '\t==> Checking if image exists in registry.access.redhat.com/rhdh/...',
    '\t==> Image not found in registry.access.redhat.com/rhdh/, falling back to quay.io/rhdh/',
    `\t==> Using fallback image: ${SECOND}`,
  ]);
  assert.equal(world.registry.log.count(), 1);
  assert.deepEqual([second.log.count('HEAD'), second.log.count('GET')], [1, 2]);
});

test('an image that is found stays where it is', async (t) => {
  const { world, second } = await twoNames(t, []);
  await world.publish('rhdh/one', { annotations: annotated('one') });
  assert.deepEqual(await world.open().paths(IMAGE), ['one']);
  assert.equal(world.lines.at(-1), '\t==> Image found in registry.access.redhat.com/rhdh/');
  assert.equal(second.log.count(), 0);
});

test('other images have one name', async (t) => {
  const { world, second } = await twoNames(t, []);
  for (const image of ['registry.access.redhat.com/rhdh-other/one:1.0', 'registry.example/rhdh/one:1.0']) {
    await assert.rejects(world.open().paths(image), { code: 'REGISTRY_NOT_FOUND' });
  }
  assert.equal(second.log.count(), 0);
});

test('when the second registry has nothing either, an outage of the first is the error', async (t) => {
  const { world, second } = await twoNames(t, [{ status: 503 }]);
  second.script([{ status: 404 }]);
  await assert.rejects(world.open().paths(IMAGE, op), { code: 'REGISTRY_UNAVAILABLE' });
});

test('policy.json is asked about the name that has the image, as with skopeo', async (t) => {
  const { world } = await twoNames(t, []);
  const asked: string[] = [];
  const enforce = async ({ source }: { readonly source: string }) => void asked.push(source);
  await world.open({ enforce }).paths(IMAGE);
  await world.publish('rhdh/one', { annotations: annotated('one') });
  await world.open({ enforce }).paths(IMAGE);
  assert.deepEqual(asked, [SECOND, IMAGE]);
});

test('what the second registry gives has to satisfy the trust entries of both names', async (t) => {
  const { world } = await twoNames(t, []);
  for (const scope of ['registry.access.redhat.com/rhdh/', 'quay.io/rhdh/']) {
    const clause = { scope, require: 'digest', source: 'gantry.yaml: trust[0]' } as const;
    const images = world.open({ policy: { fallback: 'digest', lists: [[clause]] } });
    await assert.rejects(images.paths(IMAGE), { code: 'POLICY_UNPINNED' }, scope);
  }
});
