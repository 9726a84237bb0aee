import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { containersWorld } from './containers.fixture.ts';
import { loadRegistries } from './load-registries.ts';

const table = (prefix: string, location: string): string =>
  `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\n`;

test('the files that count, and in which order', async (t) => {
  const world = await containersWorld(t);
  const read = async (env: Record<string, string> = {}): Promise<Record<string, string>> => {
    const { tables } = await loadRegistries(world.places, env, world.op);
    return Object.fromEntries(tables.map(({ prefix, location }) => [prefix, location]));
  };
  assert.deepEqual(await read(), {});
  await world.write('etc/registries.conf', table('a.example', 'system.example') + table('b.example', 'system.example'));
  await world.write('etc/registries.conf.d/10.conf', table('b.example', 'ten.example'));
  await world.write('etc/registries.conf.d/20.conf', table('b.example', 'twenty.example'));
  await world.write('etc/registries.conf.d/notes.txt', 'not TOML');
  await world.write('etc/registries.conf.d/directory.conf/file', '');
  assert.deepEqual(await read(), { 'a.example': 'system.example', 'b.example': 'twenty.example' });
  await world.write('home/.config/containers/registries.conf.d/1.conf', table('a.example', 'users-drop-in.example'));
  assert.deepEqual(await read(), { 'a.example': 'users-drop-in.example', 'b.example': 'twenty.example' });
  await world.write('home/.config/containers/registries.conf', table('c.example', 'user.example'));
  assert.deepEqual(await read(), { 'c.example': 'user.example', 'a.example': 'users-drop-in.example' });
  const named = await world.write('named.conf', table('d.example', 'named.example'));
  assert.deepEqual(await read({ CONTAINERS_REGISTRIES_CONF: named }), {
    'd.example': 'named.example',
    'b.example': 'twenty.example',
    'a.example': 'users-drop-in.example',
  });
  await world.write('named.d/1.conf', table('e.example', 'drop-in.example'));
  const both = { CONTAINERS_REGISTRIES_CONF: named, CONTAINERS_REGISTRIES_CONF_DIR: join(world.directory, 'named.d') };
  assert.deepEqual(await read(both), { 'd.example': 'named.example', 'e.example': 'drop-in.example' });
  assert.deepEqual(await read({ ...both, CONTAINERS_REGISTRIES_CONF: '/dev/null' }), {
    'e.example': 'drop-in.example',
  });
  const missing = join(world.directory, 'missing.conf');
  await assert.rejects(read({ CONTAINERS_REGISTRIES_CONF: missing }), {
    code: 'CONFIG_CONTAINERS',
    message: /missing\.conf/,
  });
});

test('the last list of credential helpers counts, an empty one is none', async (t) => {
  const world = await containersWorld(t);
  await world.write('etc/registries.conf', 'credential-helpers = ["one"]');
  await world.write('etc/registries.conf.d/1.conf', table('a.example', 'b.example'));
  assert.deepEqual((await loadRegistries(world.places, {})).credentialHelpers, ['one']);
  await world.write('etc/registries.conf.d/2.conf', 'credential-helpers = []');
  assert.equal((await loadRegistries(world.places, {})).credentialHelpers, undefined);
});

test('containersFileBytes at n and n+1; what is no file or no text is said', async (t) => {
  const world = await containersWorld(t);
  const text = table('a.example', 'b.example');
  const file = await world.write('etc/registries.conf', text);
  const load = (containersFileBytes: number) => loadRegistries(world.places, {}, { limits: { containersFileBytes } });
  assert.equal((await load(text.length)).tables.length, 1);
  await assert.rejects(load(text.length - 1), { code: 'CONFIG_CONTAINERS', message: /more than/ });
  await world.write('etc/registries.conf', Buffer.from([0x61, 0xff]));
  await assert.rejects(loadRegistries(world.places, {}), { message: `${file}: cannot be read: it is not UTF-8` });
  const env = { CONTAINERS_REGISTRIES_CONF: world.directory };
  await assert.rejects(loadRegistries(world.places, env), { code: 'CONFIG_CONTAINERS', message: /cannot be read/ });
  await assert.rejects(loadRegistries(world.places, { CONTAINERS_REGISTRIES_CONF_DIR: '\0' }), {
    code: 'CONFIG_CONTAINERS',
    message: /cannot be read/,
  });
});
