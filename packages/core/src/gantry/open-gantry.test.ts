import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type OpEvent, openRepository, openTransport } from '@gantry/oci';
import { startRegistry, tempDir } from '@gantry/testkit';
import { Installed } from '../install/installed.ts';
import { SCRIPT, WASM } from '../install/plugin.fixture.ts';
import { publishPlugin } from '../publish/publish-plugin.ts';
import { type Gantry, type GantryOptions, openGantry } from './open-gantry.ts';

/** A registry with a tool and a module in it, and Gantry beside it. */
async function world(t: TestContext, options: Partial<GantryOptions> = {}) {
  const registry = await startRegistry(t);
  const home = await tempDir(t);
  const files = await tempDir(t);
  const transport = openTransport();
  t.after(() => transport[Symbol.asyncDispose]());
  const publish = async (name: string, bytes: Uint8Array, tag = '1.0'): Promise<string> => {
    const path = join(files, name);
    writeFileSync(path, bytes);
    const repository = openRepository(`${registry.address}/acme/${name}`, transport);
    const { root } = await publishPlugin(repository, { content: [path], tag });
    return `${registry.address}/acme/${name}@${root.digest}`;
  };
  const gantries: Gantry[] = [];
  t.after(async () => {
    for (const gantry of gantries) await gantry[Symbol.asyncDispose]();
  });
  const open = (more: Partial<GantryOptions> = {}): Gantry => {
    const gantry = openGantry({ home, ...options, ...more });
    gantries.push(gantry);
    return gantry;
  };
  return { registry, home, publish, open };
}

test('a pinned plugin travels the whole road from a registry', async (t) => {
  const { publish, open } = await world(t);
  const events: OpEvent[] = [];
  const installed = await open().install(await publish('tool', SCRIPT), { onEvent: (event) => events.push(event) });
  Installed.assert(installed);
  assert.equal(installed.facts.name, 'tool');
  assert.equal(installed.facts.kind, 'executable');
  assert.equal(readFileSync(installed.facts.entry ?? '', 'latin1'), new TextDecoder('latin1').decode(SCRIPT));
  const stages = events.flatMap((event) => (event.type === 'stage' ? [event.stage] : []));
  assert.deepEqual(stages, ['resolve', 'verify', 'fetch', 'install']);
});
