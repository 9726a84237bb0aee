import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StagedPlugin } from '../install/staged-plugin.ts';
import { annotated, imageWorld, layerOf, pluginFiles } from './images.fixture.ts';
import type { StagedPlugins } from './stage-plugins.ts';

/** A staged plugin, or the error in its place thrown. */
function good(staged: StagedPlugins, path: string): StagedPlugin {
  const found = staged.get(path);
  assert.ok(found !== undefined, `${path} is missing`);
  if (found instanceof Error) throw found;
  return found;
}

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
