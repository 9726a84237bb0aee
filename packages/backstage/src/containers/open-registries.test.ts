import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { parseReference, type RegistryReference, readAll } from '@gantry/oci';
import {
  type PublishedArtifact,
  publishArtifact,
  type Rule,
  type ScriptedRegistry,
  scriptedRegistry,
  selfSigned,
  startTlsFront,
  storageSink,
} from '@gantry/testkit';
import { type ContainersWorld, containersWorld } from './containers.fixture.ts';

const LAYER = { content: 'a layer', mediaType: 'application/vnd.oci.image.layer.v1.tar' };

function reference(text: string): RegistryReference {
  const parsed = parseReference(text);
  assert.equal(parsed.kind, 'registry');
  return parsed as RegistryReference;
}

interface Mirrored {
  readonly world: ContainersWorld;
  readonly mirrors: readonly ScriptedRegistry[];
  readonly source: ScriptedRegistry;
  readonly image: string;
  readonly published: PublishedArtifact;
}

/** `upstream.example/team/app:1` in a source and in mirrors with these faults; `settings` go into each mirror's table. */
async function mirrored(
  t: TestContext,
  faults: readonly (readonly Rule[])[],
  settings: readonly string[] = [],
): Promise<Mirrored> {
  const world = await containersWorld(t);
  const source = await scriptedRegistry(t);
  const mirrors = await Promise.all(faults.map((rules) => scriptedRegistry(t, rules)));
  const spec = { tag: '1', layers: [LAYER] };
  const published = await publishArtifact(storageSink(source.storage, 'real/team/app'), spec);
  for (const mirror of mirrors) await publishArtifact(storageSink(mirror.storage, 'cache/team/app'), spec);
  const lines = mirrors.map(
    ({ address }, index) => `[[registry.mirror]]\nlocation = "${address}/cache"\n${settings[index] ?? ''}\n`,
  );
  const table = `[[registry]]\nprefix = "upstream.example"\nlocation = "${source.address}/real"\n${lines.join('')}`;
  await world.write('etc/registries.conf', table);
  return { world, mirrors, source, image: 'upstream.example/team/app', published };
}

async function pull({ world, published }: Mirrored, image: string, env?: Record<string, string>): Promise<string> {
  const name = reference(image);
  const repository = await world.registries(env).openRepository(name, world.op);
  assert.equal(repository.name, 'upstream.example/team/app');
  const root = await repository.resolve(name, world.op);
  assert.deepEqual(root.digest, published.descriptor.digest);
  await readAll(repository, root, world.op);
  const [layer] = published.layers;
  assert.ok(layer);
  return Buffer.from(await readAll(repository, layer, world.op)).toString();
}

test('F10: a mirror that fails for any reason passes to the next, the first that has it serves', async (t) => {
  const broken: readonly Rule[] = [{ status: 500, body: '' }];
  const refusing: readonly Rule[] = [{ status: 403, body: '' }];
  const absent: readonly Rule[] = [{ status: 404, body: '' }];
  const page: readonly Rule[] = [{ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }];
  const scene = await mirrored(t, [broken, refusing, absent, page, []]);
  assert.equal(await pull(scene, `${scene.image}:1`), 'a layer');
  assert.deepEqual(
    scene.mirrors.map((mirror) => mirror.log.count()),
    [2, 2, 2, 2, 2],
  );
  assert.equal(scene.source.log.count(), 0);
  assert.equal(scene.world.warnings().filter((text) => text.startsWith('the mirror is passed over')).length, 6);
});

test('F10: after all mirrors comes the place itself, whose failure is the error', async (t) => {
  const scene = await mirrored(t, [[{ status: 500, body: '' }]]);
  assert.equal(await pull(scene, `${scene.image}:1`), 'a layer');
  assert.equal(scene.source.log.count(), 2);
  await assert.rejects(pull(scene, `${scene.image}:2`), {
    code: 'REGISTRY_NOT_FOUND',
    message: new RegExp(`${scene.source.address}/real/team/app:2`),
  });
});

test('mirrors for digests alone and for tags alone are asked for nothing else', async (t) => {
  const scene = await mirrored(t, [[], []], ['pull-from-mirror = "digest-only"', 'pull-from-mirror = "tag-only"']);
  const counts = (): number[] => [...scene.mirrors, scene.source].map(({ log }) => log.count());
  await pull(scene, `${scene.image}:1`);
  assert.deepEqual(counts(), [0, 2, 0]);
  await pull(scene, `${scene.image}@${scene.published.descriptor.digest}`);
  assert.deepEqual(counts(), [2, 2, 0]);
});

test('A9: the credentials are those of the mirror, and each goes to its own registry alone', async (t) => {
  const auth = { username: 'of-mirror', password: 'm1rr0r' };
  const scene = await mirrored(t, [[]]);
  const [mirror] = scene.mirrors;
  assert.ok(mirror);
  const seen: (string | undefined)[] = [];
  const world = scene.world;
  const guarded = await scriptedRegistry(t, [
    {
      decide: ({ headers }) => {
        seen.push(headers.authorization);
        return headers.authorization === undefined
          ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' }, body: '' }
          : {};
      },
    },
  ]);
  await publishArtifact(storageSink(guarded.storage, 'cache/team/app'), { tag: '1', layers: [LAYER] });
  await world.write(
    'etc/registries.conf',
    `[[registry]]\nprefix = "upstream.example"\nlocation = "${scene.source.address}/real"\n[[registry.mirror]]\nlocation = "${guarded.address}/cache"\n`,
  );
  const encoded = btoa(`${auth.username}:${auth.password}`);
  const file = await world.write(
    'auth.json',
    JSON.stringify({
      auths: { [guarded.address]: { auth: encoded }, 'upstream.example': { auth: btoa('u:upstream') } },
    }),
  );
  assert.equal(await pull(scene, `${scene.image}:1`, { REGISTRY_AUTH_FILE: file }), 'a layer');
  assert.deepEqual(new Set(seen), new Set([undefined, `Basic ${encoded}`]));
  assert.equal(scene.source.log.count(), 0);
  const registries = world.registries({ REGISTRY_AUTH_FILE: file });
  assert.equal(await registries.hasCredentials(reference('upstream.example/team/app:1')), true);
  assert.equal(await registries.hasCredentials(reference('other.example/team/app:1')), false);
});

test('credential-helpers of registries.conf are asked in order', { skip: process.platform === 'win32' }, async (t) => {
  const world = await containersWorld(t);
  const { chmod } = await import('node:fs/promises');
  const helper = await world.write(
    'bin/docker-credential-one',
    '#!/bin/sh\ncat >/dev/null; echo \'{"Username":"u","Secret":"s"}\'\n',
  );
  await chmod(helper, 0o755);
  await world.write('etc/registries.conf', 'credential-helpers = ["one"]');
  const env = { PATH: `${world.directory}/bin:/usr/bin:/bin` };
  assert.equal(await world.registries(env).hasCredentials(reference('any.example/app:1')), true);
  await world.write('etc/registries.conf', '');
  assert.equal(await world.registries(env).hasCredentials(reference('any.example/app:1')), false);
});

test('F8: insecure takes TLS with any certificate, for that registry alone', async (t) => {
  const scene = await mirrored(t, []);
  const front = await startTlsFront(t, selfSigned(), scene.source.address);
  const name = reference(`${front.address}/real/team/app:1`);
  const conf = (insecure: boolean): string => `[[registry]]\nlocation = "${front.address}"\ninsecure = ${insecure}\n`;
  await scene.world.write('etc/registries.conf', conf(true));
  const repository = await scene.world.registries().openRepository(name, scene.world.op);
  assert.equal((await repository.resolve(name, scene.world.op)).digest, scene.published.descriptor.digest);
  const asked = scene.source.log.count();
  await scene.world.write('etc/registries.conf', conf(false));
  const strict = await scene.world.registries().openRepository(name, scene.world.op);
  await assert.rejects(strict.resolve(name, scene.world.op), { code: /^REGISTRY_/ } as never);
  assert.equal(scene.source.log.count(), asked);
});

test('A13: insecure falls back to plain HTTP, which is found out once', async (t) => {
  const scene = await mirrored(t, [[]], ['insecure = true']);
  assert.equal(await pull(scene, `${scene.image}:1`), 'a layer');
  const [mirror] = scene.mirrors;
  assert.deepEqual(
    mirror?.log.requests.map(({ method, path }) => `${method} ${path.split('/').at(-2)}`),
    ['GET v2', 'GET manifests', 'GET blobs'],
  );
  assert.equal(scene.source.log.count(), 0);
});

test('an insecure registry that is nowhere is an error about TLS, and the next place is asked', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const scene = await mirrored(t, []);
  await scene.world.write(
    'etc/registries.conf',
    `[[registry]]\nprefix = "upstream.example"\nlocation = "${scene.source.address}/real"\n[[registry.mirror]]\nlocation = "127.0.0.1:${port}"\ninsecure = true\n`,
  );
  assert.equal(await pull(scene, `${scene.image}:1`), 'a layer');
  assert.match(scene.world.warnings().join('\n'), /passed over \(REGISTRY_UNREACHABLE\)/);
});

test('without a table the name itself is the place', async (t) => {
  const scene = await mirrored(t, []);
  const name = reference(`${scene.source.address}/real/team/app:1`);
  const registries = scene.world.registries();
  const repository = await registries.openRepository(name);
  assert.equal((await repository.resolve(name)).digest, scene.published.descriptor.digest);
  assert.deepEqual(
    (await registries.places(name)).map(({ registry, repository: path }) => [registry, path]),
    [[name.registry, name.repository]],
  );
});
