import assert from 'node:assert/strict';
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isGantryError } from '@gantry/oci';
import {
  forgeTar,
  gzipped,
  type HubWorld,
  hubWorld,
  publishArtifact,
  storageSink,
  type TarEntry,
} from '@gantry/testkit';
import { install } from './install.fixture.ts';

const TAR_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
const MANIFEST = { name: 'bad/package.json', content: '{"name":"bad","version":"1.0.0"}' };

/** Entries that an archive may have here. */
const MOST_ENTRIES = 1000;
/** What is in the root beside the plugin that is nobody's enemy. */
const GOOD = ['app-config.dynamic-plugins.yaml', 'good'];

/** An image that may say anything about itself. */
async function image(world: HubWorld, entries: readonly TarEntry[], annotation?: string): Promise<string> {
  const { registry } = world;
  await publishArtifact(storageSink(registry.storage, 'acme/bad'), {
    tag: '1.0',
    layers: [{ content: gzipped(forgeTar(entries)), mediaType: TAR_GZIP }],
    ...(annotation !== undefined && { annotations: { 'io.backstage.dynamic-packages': annotation } }),
  });
  return `oci://${registry.address}/acme/bad:1.0`;
}

/** A tarball that may hold anything, with its right integrity. */
function tarball(world: HubWorld, entries: readonly TarEntry[], bytes = gzipped(forgeTar(entries))): string {
  const { url, integrity } = world.npm.publish({ name: 'bad', version: '1.0.0', tarball: bytes });
  return entry(url, integrity);
}

function entry(name: string, integrity?: string): string {
  return `  - package: '${name}'\n${integrity === undefined ? '' : `    integrity: ${integrity}\n`}`;
}

function claims(...names: readonly string[]): string {
  return Buffer.from(JSON.stringify(names.map((name) => ({ [name]: { name } })))).toString('base64');
}

const PACKAGE = { name: 'package/package.json', content: '{"name":"bad","version":"1.0.0"}' };

/** Entries that are refused, alone or with the whole configuration, and the code. */
const refused: readonly (readonly [what: string, make: (world: HubWorld) => Promise<string> | string, code: string])[] =
  [
    [
      'a path that is not in the image',
      async (w) => entry(`${await image(w, [MANIFEST])}!absent`),
      'CONFIG_PLUGIN_PATH',
    ],
    [
      'a path that is the start of a name',
      async (w) => entry(`${await image(w, [MANIFEST])}!ba`),
      'CONFIG_PLUGIN_PATH',
    ],
    ['D1: a path that goes up', async (w) => entry(`${await image(w, [MANIFEST])}!../bad`), 'CONFIG_PLUGIN_PATH'],
    ['D1: an absolute path', async (w) => entry(`${await image(w, [MANIFEST])}!/bad`), 'CONFIG_PLUGIN_PATH'],
    ['D1: the root itself', async (w) => entry(`${await image(w, [MANIFEST])}!.`), 'CONFIG_PLUGIN_PATH'],
    ['a nested path', async (w) => entry(`${await image(w, [MANIFEST])}!bad/dist`), 'CONFIG_PLUGIN_PATH'],
    [
      'D11: the lock file',
      async (w) => entry(`${await image(w, [MANIFEST])}!install-dynamic-plugins.lock`),
      'CONFIG_PLUGIN_PATH',
    ],
    [
      'D11: app-config',
      async (w) => entry(`${await image(w, [MANIFEST])}!app-config.dynamic-plugins.yaml`),
      'CONFIG_PLUGIN_PATH',
    ],
    [
      'D11: staging',
      async (w) => entry(`${await image(w, [MANIFEST])}!.gantry-${'0'.repeat(32)}`),
      'CONFIG_PLUGIN_PATH',
    ],
    [
      'D11: the directory of another plugin',
      async (w) => entry(`${await image(w, [MANIFEST])}!good`),
      'CONFIG_PLUGIN_DUPLICATE',
    ],
    [
      'an annotation that names what is not there',
      async (w) => entry(await image(w, [MANIFEST], claims('other'))),
      'CONFIG_PLUGIN_PATH',
    ],
    [
      'D1: an annotation that goes up',
      async (w) => entry(await image(w, [MANIFEST], claims('../bad'))),
      'CONFIG_PLUGIN_PATH',
    ],
    [
      'an annotation that names the directory of another plugin',
      async (w) => entry(await image(w, [MANIFEST], claims('good'))),
      'CONFIG_PLUGIN_DUPLICATE',
    ],
    ['an annotation that is no base64', async (w) => entry(await image(w, [MANIFEST], '%%%')), 'CONTENT_INVALID'],
    ['an annotation without plugins', async (w) => entry(await image(w, [MANIFEST], 'W10=')), 'CONFIG_PLUGIN_PATH'],
    [
      'D1: an image with a name that goes up',
      async (w) => entry(`${await image(w, [MANIFEST, { name: 'bad/../../evil', content: 'x' }])}!bad`),
      'ARCHIVE_UNSAFE_PATH',
    ],
    [
      'D2: an image whose plugin is a link out',
      async (w) => entry(`${await image(w, [{ name: 'bad', type: 'symlink', linkname: '..' }])}!bad`),
      'CONFIG_PLUGIN_PATH',
    ],
    [
      'D5: an image with a device',
      async (w) =>
        entry(`${await image(w, [MANIFEST, { name: 'bad/null', type: 'char', devmajor: 1, devminor: 3 }])}!bad`),
      'ARCHIVE_UNSAFE_ENTRY',
    ],
    [
      'D5: an image with a FIFO',
      async (w) => entry(`${await image(w, [MANIFEST, { name: 'bad/pipe', type: 'fifo' }])}!bad`),
      'ARCHIVE_UNSAFE_ENTRY',
    ],
    [
      'D12: an image whose layer is no archive',
      async (w) => {
        await publishArtifact(storageSink(w.registry.storage, 'acme/bad'), {
          tag: '1.0',
          layers: [{ content: '<html>', mediaType: TAR_GZIP }],
        });
        return entry(`oci://${w.registry.address}/acme/bad:1.0!bad`);
      },
      'CONTENT_TYPE_MISMATCH',
    ],
    [
      'B1: an image whose layer has other bytes',
      async (w) => {
        const name = await image(w, [MANIFEST]);
        w.registry.script([{ path: /acme\/bad\/blobs/, alter: (body) => Buffer.from(body.map((byte) => byte ^ 1)) }]);
        return entry(`${name}!bad`);
      },
      'CONTENT_DIGEST_MISMATCH',
    ],
    [
      'D1: a tarball with a name that goes up',
      (w) => tarball(w, [PACKAGE, { name: 'package/../../evil', content: 'x' }]),
      'ARCHIVE_UNSAFE_PATH',
    ],
    [
      'D2: a tarball with a link out',
      (w) => tarball(w, [PACKAGE, { name: 'package/out', type: 'symlink', linkname: '../../evil' }]),
      'ARCHIVE_UNSAFE_LINK',
    ],
    [
      'D3: a tarball with a hard link out',
      (w) => tarball(w, [PACKAGE, { name: 'package/out', type: 'link', linkname: '/etc/passwd' }]),
      'ARCHIVE_UNSAFE_LINK',
    ],
    [
      'D5: a tarball with a device',
      (w) => tarball(w, [PACKAGE, { name: 'package/sda', type: 'block', devmajor: 8, devminor: 0 }]),
      'ARCHIVE_UNSAFE_ENTRY',
    ],
    ['D8: a tarball with more entries than are allowed', (w) => tarball(w, [PACKAGE, ...many()]), 'ARCHIVE_LIMIT'],
    [
      'D11: a tarball whose name goes up',
      (w) => tarball(w, [{ ...PACKAGE, content: '{"name":"../../evil","version":"1.0.0"}' }]),
      'CONFIG_PACKAGE',
    ],
    [
      'D11: a tarball whose version goes up',
      (w) => tarball(w, [{ ...PACKAGE, content: '{"name":"bad","version":"1.0.0/../../x"}' }]),
      'CONFIG_PACKAGE',
    ],
    [
      'D12: a tarball that is a page',
      (w) => tarball(w, [], Buffer.from('<html>log in</html>')),
      'CONTENT_TYPE_MISMATCH',
    ],
    [
      'a tarball of another integrity',
      (w) => entry(w.npm.publish({ name: 'bad', version: '1.0.0' }).url, `sha512-${'A'.repeat(86)}==`),
      'CONTENT_INTEGRITY',
    ],
    [
      'a tarball without integrity',
      (w) => entry(w.npm.publish({ name: 'bad', version: '1.0.0' }).url),
      'CONFIG_PLUGIN_INTEGRITY',
    ],
    ['G6: a package that is an option', () => entry('--registry=http://evil.example'), 'CONFIG_PACKAGE'],
    ['G6: a git repository with an option', () => entry('git+ssh://--upload-pack=evil/x'), 'CONFIG_GIT_PACKAGE'],
    [
      'G1: a prototype key in pluginConfig',
      () => `  - package: ./other\n    pluginConfig: { __proto__: { polluted: true } }\n`,
      'CONFIG_DYNAMIC_PLUGINS',
    ],
    [
      'G1: a prototype key deep in pluginConfig',
      () => `  - package: ./other\n    pluginConfig: { a: { constructor: { prototype: { polluted: true } } } }\n`,
      'CONFIG_DYNAMIC_PLUGINS',
    ],
    [
      'G2: a bomb of aliases',
      () => `  - package: ./good\n    a: &a [x, x, x, x, x, x, x, x, x, x]\n${laughs()}`,
      'CONFIG_DYNAMIC_PLUGINS',
    ],
  ];

function laughs(): string {
  const letters = [...'bcdefghij'];
  return letters
    .map(
      (letter, nth) =>
        `    ${letter}: &${letter} [${Array(10)
          .fill(`*${nth === 0 ? 'a' : letters[nth - 1]}`)
          .join(', ')}]\n`,
    )
    .join('');
}

function many(): readonly TarEntry[] {
  return Array.from({ length: MOST_ENTRIES }, (_, nth) => ({ name: `package/${nth}` }));
}

async function place(t: Parameters<typeof hubWorld>[0]): Promise<HubWorld> {
  const world = await hubWorld(t);
  await world.publish('acme/good', ['good']);
  await mkdir(join(world.cwd, 'outside'));
  await writeFile(join(world.cwd, 'outside', 'sentinel'), 'as it was');
  return world;
}

function honest({ registry }: HubWorld): string {
  return `plugins:\n  - package: oci://${registry.address}/acme/good:1.0!good\n`;
}

async function untouched(world: HubWorld): Promise<void> {
  assert.deepEqual(await readdir(join(world.cwd, 'outside')), ['sentinel']);
  assert.equal(await readFile(join(world.cwd, 'outside', 'sentinel'), 'utf8'), 'as it was');
  for (const place of [world.cwd, join(world.cwd, '..')]) {
    assert.ok(!(await readdir(place)).includes('evil'), place);
  }
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
}

for (const [what, make, code] of refused) {
  test(`${what}: ${code}, and nothing else changes`, async (t) => {
    const world = await place(t);
    await world.configure(honest(world));
    assert.equal((await install(world)).failure, undefined);
    const before = await world.read('app-config.dynamic-plugins.yaml');
    await world.configure(`${honest(world)}${await make(world)}`);
    const { failure, report } = await install(world, { op: { limits: { archiveEntries: MOST_ENTRIES } } });
    const failed = report.plugins.flatMap(({ error }) => (error === undefined ? [] : [error.code]));
    assert.deepEqual(
      failure === undefined ? failed : [isGantryError(failure) && failure.code],
      [code],
      String(failure),
    );
    assert.deepEqual(await world.names(), GOOD);
    assert.equal(await world.read('good/index.js'), '// acme/good\n');
    assert.equal(await world.read('app-config.dynamic-plugins.yaml'), before);
    await untouched(world);
  });
}

test('D2, D6: of an image links out are left out and modes are ours; what it says of our own records counts for nothing', async (t) => {
  const world = await place(t);
  const sentinel = join(world.cwd, 'outside', 'sentinel');
  const name = await image(world, [
    MANIFEST,
    { name: 'bad/setuid', content: 'x', mode: 0o6777, uid: 1234 },
    { name: 'bad/out', type: 'symlink', linkname: '../../outside/sentinel' },
    { name: 'bad/in', type: 'symlink', linkname: 'package.json' },
    { name: 'bad/.gantry.json', type: 'symlink', linkname: 'package.json' },
    { name: 'bad/dynamic-plugin-config.hash', content: 'a hash that never changes' },
    { name: 'bad/dynamic-plugin-image.hash', type: 'symlink', linkname: sentinel },
  ]);
  await world.configure(`${honest(world)}${entry(`${name}!bad`)}`);
  const { failure, states, lines } = await install(world);
  assert.equal(failure, undefined, lines.join('\n'));
  assert.deepEqual(
    states.map((state) => state.split(' ')[1]),
    ['installed', 'installed'],
  );
  const bad = join(world.root, 'bad');
  assert.deepEqual((await readdir(bad)).sort(), [
    '.gantry.json',
    'dynamic-plugin-config.hash',
    'dynamic-plugin-image.hash',
    'in',
    'package.json',
    'setuid',
  ]);
  for (const file of ['.gantry.json', 'dynamic-plugin-config.hash', 'dynamic-plugin-image.hash', 'setuid']) {
    const stats = await lstat(join(bad, file));
    assert.ok(stats.isFile(), file);
    assert.equal(stats.mode & 0o7022, 0, `${file}: ${stats.mode.toString(8)}`);
  }
  assert.match(await world.read('bad/dynamic-plugin-config.hash'), /^[0-9a-f]{64}$/);
  assert.equal(await world.read('bad/package.json'), MANIFEST.content);
  await untouched(world);
  assert.ok((await install(world)).states.every((state) => state.endsWith(' unchanged')));
});
