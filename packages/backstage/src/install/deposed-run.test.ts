import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { OpEvent } from '@gantry/oci';
import { hubWorld } from '@gantry/testkit';
import { install } from './install.fixture.ts';

for (const asked of ['/manifests/', '/blobs/', '.tgz'] as const) {
  test(`E3: a run that was deposed while it fetched (${asked}) and finds its staging gone starts again`, async (t) => {
    const world = await hubWorld(t);
    const { image } = await world.publish('acme/p', ['one', 'two']);
    const { url, integrity } = world.npm.publish({ name: 'three', version: '3.0.0' });
    await world.local('four');
    await world.configure(`plugins:
  - package: oci://${image}!one
  - package: oci://${image}!two
  - package: ${url}
    integrity: ${integrity}
  - package: ./four
`);
    let deposed = false;
    const onEvent = (event: OpEvent): void => {
      if (event.type !== 'request' || !event.url.includes(asked) || deposed) return;
      deposed = true;
      // What an installer does that found it silent.
      for (const name of readdirSync(world.root)) {
        if (/^\.gantry-|\.lock$/.test(name)) rmSync(join(world.root, name), { recursive: true });
      }
    };
    const { states, lines, failure } = await install(world, { op: { onEvent } });
    assert.equal(failure, undefined, String(failure));
    assert.ok(deposed);
    assert.deepEqual(
      states.filter((state) => !state.endsWith(' installed') && !state.endsWith(' unchanged')),
      [],
      lines.join('\n'),
    );
    assert.equal(lines.filter((line) => line.endsWith('; starting again')).length, 1, lines.join('\n'));
    assert.deepEqual(await world.names(), [
      'acme-four-dynamic-2.0.0',
      'app-config.dynamic-plugins.yaml',
      'one',
      'three-3.0.0',
      'two',
    ]);
  });
}
