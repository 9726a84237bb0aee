/** Mirrors: docker-registry as a pull-through cache, in front of registries of every kind. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gantry } from './gantry.ts';
import { script } from './plugins.ts';
import { temporaryDirectory } from './processes.ts';
import { registries, startDockerRegistry, startOlareg } from './registries.ts';

for (const registry of registries) {
  test(`a pull-through cache of ${registry.name} serves what it has when the registry is gone`, async (t) => {
    const upstream = await registry.start(t);
    const mirror = await startDockerRegistry(t, { proxyOf: `http://${upstream.address}` });
    const directory = await temporaryDirectory(t);
    const config = join(directory, 'gantry.yaml');
    await writeFile(
      config,
      `schemaVersion: 1\nregistries: { "${upstream.address}": { mirrors: ["${mirror.address}"] } }\n`,
    );
    const publisher = await gantry(t);
    const reference = `${upstream.address}/acme/hello:1`;
    const { digest } = await publisher.json(['push', reference, await script(directory, 'hello', 'hello')]);
    const pinned = ['run', '--verbose', '--config', config, `${upstream.address}/acme/hello@${digest}`];

    const through = await (await gantry(t)).run(pinned);
    assert.equal(through.stdout, 'hello ', through.stderr);
    assert.ok(through.stderr.includes(`GET http://${mirror.address}/v2/acme/hello/blobs/`), through.stderr);
    assert.ok(!through.stderr.includes(`http://${upstream.address}/`), through.stderr);

    await upstream.stop();
    const alone = await (await gantry(t)).run(pinned);
    assert.equal(alone.stdout, 'hello ', alone.stderr);
  });
}

test('a mirror that is down, or that has something else, is passed over', async (t) => {
  const upstream = await startOlareg(t);
  const other = await startOlareg(t);
  const directory = await temporaryDirectory(t);
  const config = join(directory, 'gantry.yaml');
  await writeFile(
    config,
    `schemaVersion: 1\nregistries: { "${upstream.address}": { mirrors: ["${other.address}"] } }\n`,
  );
  const g = await gantry(t);
  const reference = `${upstream.address}/acme/hello`;
  const { digest } = await g.json(['push', `${reference}:1`, await script(directory, 'hello', 'right')]);
  await g.json(['push', `${other.address}/acme/hello:1`, await script(directory, 'hello', 'wrong')]);
  const pinned = ['run', '--config', config, `${reference}@${digest}`];
  assert.equal((await (await gantry(t)).run(pinned)).stdout, 'right ');
  await other.stop();
  const warned = await (await gantry(t)).run(pinned);
  assert.equal(warned.stdout, 'right ', warned.stderr);
  assert.match(warned.stderr, /the mirror is passed over/);
});
