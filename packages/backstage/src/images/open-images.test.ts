import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { completeRequirement, generateKeyPair, keySigner, policyKey, signArtifact } from '@gantry/core';
import { annotated, codeOf, good, imageWorld, layerOf, pluginFiles, rawAnnotation } from './images.fixture.ts';

test('an image is resolved once, downloaded once, and staged by the directory of each plugin', async (t) => {
  const world = await imageWorld(t);
  const { image, published } = await world.publish('acme/two', {
    annotations: annotated('one', 'two'),
    layers: [layerOf(...pluginFiles('one'), ...pluginFiles('two'), ...pluginFiles('three'))],
  });
  const images = world.open();
  assert.deepEqual(await images.paths(image), ['one', 'two']);
  const staged = await images.stage(image, ['one', 'two'], world.staging);
  for (const name of ['one', 'two']) {
    const plugin = good(staged, name);
    assert.equal(plugin.name, name);
    assert.equal(plugin.digest, published.descriptor.digest);
    assert.equal(plugin.signer, 'unsigned');
    assert.deepEqual(readdirSync(plugin.directory).sort(), ['index.js', 'package.json']);
    assert.ok(!readdirSync(join(plugin.directory, '..')).includes('three'));
  }
  assert.equal(good(staged, 'one').bytes, published.layers[0]?.size);
  assert.equal(good(staged, 'two').bytes, 0);
  assert.equal(world.registry.log.count('GET', '/manifests/'), 1);
  assert.equal(world.registry.log.count('GET', '/blobs/'), 1);
  assert.equal(world.registry.log.count(), 2);
});

test('layers that several images share are downloaded once', async (t) => {
  const world = await imageWorld(t);
  const base = layerOf(...pluginFiles('shared', 'base'), ...pluginFiles('left'), ...pluginFiles('right'));
  const left = await world.publish('acme/left', { layers: [base, layerOf({ name: 'left/more', content: 'l' })] });
  const right = await world.publish('acme/right', { layers: [base] });
  const again = await world.publish('acme/again', { layers: [base], annotations: { made: 'again' } });
  const images = world.open();
  const wanted = new Map([
    [left.image, ['left']],
    [right.image, ['right']],
    [again.image, ['shared']],
  ]);
  images.announce(wanted, world.staging);
  const staged = await Promise.all([...wanted].map(([image, paths]) => images.stage(image, paths, world.staging)));
  assert.equal(world.registry.log.count('GET', '/blobs/'), 2);
  const [first, second, third] = [...wanted.values()].map(([path = ''], index) =>
    good(staged[index] ?? new Map(), path),
  );
  assert.deepEqual(readdirSync(first?.directory ?? '').sort(), ['index.js', 'more', 'package.json']);
  assert.deepEqual(readdirSync(second?.directory ?? '').sort(), ['index.js', 'package.json']);
  assert.match(readFileSync(join(third?.directory ?? '', 'index.js'), 'utf8'), /base/);
});

test('B6: a tag that moves during the run changes nothing: it is read once', async (t) => {
  const world = await imageWorld(t);
  const { image, published } = await world.publish('acme/one', {
    annotations: annotated('one'),
    layers: [layerOf(...pluginFiles('one', 'first'))],
  });
  const images = world.open();
  assert.deepEqual(await images.paths(image), ['one']);
  await world.publish('acme/one', {
    annotations: annotated('one'),
    layers: [layerOf(...pluginFiles('one', 'second'))],
  });
  const plugin = good(await images.stage(image, ['one'], world.staging), 'one');
  assert.equal(plugin.digest, published.descriptor.digest);
  assert.match(readFileSync(join(plugin.directory, 'index.js'), 'utf8'), /first/);
});

test('B8: an index gives what is for linux/amd64, and its paths, wherever the annotation stands', async (t) => {
  const world = await imageWorld(t);
  const platforms = (annotations = {}) => ({
    'linux/amd64': { annotations, layers: [layerOf(...pluginFiles('one', 'amd64'))] },
    'linux/arm64': { layers: [layerOf(...pluginFiles('one', 'arm64'))] },
  });
  const child = await world.publish('acme/child', { platforms: platforms(annotated('one')) });
  const index = await world.publish('acme/index', { platforms: platforms(), annotations: annotated('one') });
  const images = world.open();
  for (const { image, published } of [child, index]) {
    assert.deepEqual(await images.paths(image), ['one']);
    const plugin = good(await images.stage(image, ['one'], world.staging), 'one');
    assert.equal(plugin.digest, published.descriptor.digest);
    assert.match(readFileSync(join(plugin.directory, 'index.js'), 'utf8'), /amd64/);
  }
  const arm = world.open({ platform: { os: 'linux', architecture: 'arm64' } });
  const plugin = good(await arm.stage(child.image, ['one'], world.staging), 'one');
  assert.match(readFileSync(join(plugin.directory, 'index.js'), 'utf8'), /arm64/);
});

test('paths that are remembered cost no request', async (t) => {
  const world = await imageWorld(t);
  const images = world.open({ remembered: () => ['known'] });
  assert.deepEqual(await images.paths('registry.example/acme/absent:1.0'), ['known']);
  assert.equal(world.registry.log.count(), 0);
});

test('peek is one HEAD, none for a digest or for what is resolved', async (t) => {
  const world = await imageWorld(t);
  const { image, published } = await world.publish('acme/one', { layers: [layerOf(...pluginFiles('one'))] });
  const { digest } = published.descriptor;
  const images = world.open();
  assert.equal(await images.peek(image), digest);
  assert.equal(world.registry.log.count('HEAD'), 1);
  assert.equal(await images.peek(`registry.example/acme/one@${digest}`), digest);
  await images.admit(image);
  assert.equal(await images.peek(image), digest);
  assert.equal(world.registry.log.count(), 2);
});

test('peek reads the tag where a registry answers HEAD without a digest', async (t) => {
  const world = await imageWorld(t, [{ method: 'HEAD', headers: { 'docker-content-digest': null } }]);
  const { image, published } = await world.publish('acme/one', { layers: [layerOf(...pluginFiles('one'))] });
  assert.equal(await world.open().peek(image), published.descriptor.digest);
});

const unreadable: Readonly<Record<string, string>> = {
  'is no JSON': 'not json',
  'has a key twice': '[{"a":{},"a":{}}]',
  'lists no objects': '["a"]',
};
for (const [what, text] of Object.entries(unreadable)) {
  test(`B5, B10: an annotation that ${what} is an error`, async (t) => {
    const world = await imageWorld(t);
    const { image } = await world.publish('acme/one', { annotations: rawAnnotation(text) });
    await assert.rejects(world.open().paths(image), (error: Error) => {
      assert.match(error.message, /^Failed to parse plugin metadata from registry\.example\/acme\/one:1\.0: /);
      return 'code' in error && error.code === 'CONTENT_INVALID';
    });
  });
}

for (const path of ['../up', '/abs', 'a/b', '', '.', 'a\\b', 'bell\u0007', '.gantry-x']) {
  test(`B10, D11: an annotation never names ${JSON.stringify(path)}`, async (t) => {
    const world = await imageWorld(t);
    const { image } = await world.publish('acme/one', { annotations: annotated('one', path) });
    await assert.rejects(world.open().paths(image), { code: 'CONFIG_PLUGIN_PATH' });
    const staged = await world.open().stage(image, [path], world.staging);
    assert.equal(codeOf(staged, path), 'CONFIG_PLUGIN_PATH');
  });
}

test('an annotation that is no list, or missing, names nothing', async (t) => {
  const world = await imageWorld(t);
  const map = await world.publish('acme/map', { annotations: rawAnnotation('{}') });
  const none = await world.publish('acme/none', {});
  assert.deepEqual(await world.open().paths(map.image), []);
  assert.deepEqual(await world.open().paths(none.image), []);
});

test('D8: imagePlugins at n and n+1', async (t) => {
  const world = await imageWorld(t);
  const { image } = await world.publish('acme/many', { annotations: annotated('a', 'b', 'c') });
  assert.equal((await world.open().paths(image, { limits: { imagePlugins: 3 } })).length, 3);
  await assert.rejects(world.open().paths(image, { limits: { imagePlugins: 2 } }), { code: 'CONTENT_LIMIT' });
});

test('B10: what an annotation names and the image does not hold is an error of that plugin alone', async (t) => {
  const world = await imageWorld(t);
  const { image } = await world.publish('acme/lies', {
    annotations: annotated('one', 'absent'),
    layers: [layerOf(...pluginFiles('one'), { name: 'index.json', content: '[]' })],
  });
  const images = world.open();
  const staged = await images.stage(image, ['one', 'absent', 'index.json', 'on'], world.staging);
  good(staged, 'one');
  for (const path of ['absent', 'index.json', 'on']) assert.equal(codeOf(staged, path), 'CONFIG_PLUGIN_PATH');
});

test('a trust entry refuses unsigned images by name; signed ones are installed with their signer', async (t) => {
  const world = await imageWorld(t);
  const signed = await world.publish('acme/signed', { layers: [layerOf(...pluginFiles('one'))] });
  const plain = await world.publish('acme/plain', { layers: [layerOf(...pluginFiles('two'))] });
  const pair = await generateKeyPair('');
  const signer = await keySigner(pair.privateKey, 'a key', async () => '');
  await signArtifact(world.repository('acme/signed'), signed.published.descriptor, { signer });
  const signatures = await completeRequirement({ keys: [policyKey(pair.publicKey, 'a key')] });
  const clause = {
    scope: 'registry.example/acme/',
    require: 'cosign',
    signatures,
    source: 'gantry.yaml: trust[0]',
  } as const;
  const enforced: string[] = [];
  const images = world.open({
    policy: { fallback: 'digest', lists: [[clause]] },
    enforce: async ({ scopeName }) => void enforced.push(scopeName),
  });
  const staged = await images.stage(signed.image, ['one'], world.staging);
  assert.notEqual(good(staged, 'one').signer, 'unsigned');
  world.registry.log.clear();
  await assert.rejects(images.stage(plain.image, ['two'], world.staging), (error: Error) => {
    assert.match(error.message, /acme\/plain/);
    return 'code' in error && error.code === 'SIGNATURE_MISSING';
  });
  assert.equal(world.registry.log.count('GET', '/blobs/'), 0, 'nothing of what is refused is fetched');
  assert.deepEqual(enforced, ['registry.example/acme/signed']);
});
