import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Op } from '@gantry/oci';
import { type ArtifactSpec, tempDir } from '@gantry/testkit';
import { type CatalogIndexOptions, obtainCatalogIndex } from './catalog-index.ts';
import { type ImageWorld, imageWorld, layerOf } from './images.fixture.ts';

const ENTITY = { name: 'catalog-entities/extensions/plugins/a.yaml', content: 'kind: Plugin\n' };
const DEFAULT = { name: 'dynamic-plugins.default.yaml', content: '- package: oci://a.example/b:1!c\n' };
const INDEX: ArtifactSpec = { layers: [layerOf(DEFAULT, ENTITY, { name: 'index.json', content: '{}' })] };

interface CatalogWorld extends ImageWorld {
  /** The directory of extensions. */
  readonly extensions: string;
  obtain(options?: Partial<CatalogIndexOptions>, op?: Op): ReturnType<typeof obtainCatalogIndex>;
}

async function catalogWorld(t: TestContext): Promise<CatalogWorld> {
  const world = await imageWorld(t);
  const extensions = join(await tempDir(t), 'extensions');
  return {
    ...world,
    extensions,
    obtain: (options, op) => {
      world.registry.log.clear();
      world.lines.length = 0;
      const directory = world.root;
      return obtainCatalogIndex(
        {
          images: world.open(),
          primary: undefined,
          extras: undefined,
          entitiesDirectory: extensions,
          directory,
          writeFile: (name, text) => writeFileSync(join(directory, name), text),
          staging: () => world.staging,
          environment: { now: () => Date.UTC(2026, 0, 2) },
          log: { line: (text) => void world.lines.push(text), warn: (text) => void world.lines.push(text) },
          ...options,
        },
        op,
      );
    },
  };
}

test('an index is unpacked once; after that one HEAD says that it is unchanged', async (t) => {
  const world = await catalogWorld(t);
  const { image } = await world.publish('rhdh/index', INDEX);
  const primary = `docker://${image}`;
  const found = await world.obtain({ primary });
  assert.equal(found?.shownAs, `${primary}/dynamic-plugins.default.yaml`);
  assert.equal(readFileSync(found?.file ?? '', 'utf8'), DEFAULT.content);
  assert.equal(readFileSync(join(world.extensions, 'catalog-entities/plugins/a.yaml'), 'utf8'), ENTITY.content);
  assert.equal(world.lines[0], `\n======= Extracting catalog index from ${primary}`);

  const before = statSync(join(world.extensions, 'catalog-entities')).ino;
  assert.deepEqual(await world.obtain({ primary, staging: () => assert.fail('nothing is unpacked') }), found);
  assert.equal(world.registry.log.count('HEAD'), 1);
  assert.equal(world.registry.log.count(), 1);
  assert.equal(statSync(join(world.extensions, 'catalog-entities')).ino, before);
});

test('a fresh directory of extensions gets its entities without a download', async (t) => {
  const world = await catalogWorld(t);
  const { image } = await world.publish('rhdh/index', INDEX);
  await world.obtain({ primary: image });
  rmSync(world.extensions, { recursive: true });
  await world.obtain({ primary: image });
  assert.equal(readFileSync(join(world.extensions, 'catalog-entities/plugins/a.yaml'), 'utf8'), ENTITY.content);
  assert.equal(world.registry.log.count('GET'), 0);
});

test('only plain files are kept in the root, and those of other images go', async (t) => {
  const world = await catalogWorld(t);
  const one = await world.publish('rhdh/one', INDEX);
  const two = await world.publish('rhdh/two', INDEX);
  const kept = (): readonly string[] =>
    readdirSync(world.root).filter((name) => name.startsWith('.gantry-catalog-index.'));
  await world.obtain({ primary: one.image, extras: two.image });
  assert.equal(kept().length, 3);
  assert.ok(kept().every((name) => statSync(join(world.root, name)).isFile()));
  await world.obtain({ extras: two.image });
  assert.equal(kept().length, 1);
});

test('F2: the last good index is used, and said to be, when the registry cannot be asked', async (t) => {
  const world = await catalogWorld(t);
  const { image, published } = await world.publish('rhdh/index', INDEX);
  const found = await world.obtain({ primary: image });
  world.registry.script([{ status: 503 }]);
  const op = { limits: { retries: 1 } };
  assert.deepEqual(await world.obtain({ primary: image }, op), found);
  const said = world.lines.find((line) => line.includes('WARNING')) ?? '';
  assert.ok(said.includes('using the catalog index of 2026-01-02T00:00:00.000Z'), said);
  assert.ok(said.includes(published.descriptor.digest), said);
  world.registry.script([{ status: 404 }]);
  await assert.rejects(world.obtain({ primary: image }, op), {
    code: 'REGISTRY_NOT_FOUND',
    message: new RegExp(`^Failed to download catalog index image ${image}: .* is not in the registry$`),
    hint: /; CATALOG_INDEX_IMAGE names the image$/,
  });
  await assert.rejects(world.obtain({ primary: undefined, extras: 'more=not_a/Reference' }, op), {
    code: 'REFERENCE_INVALID',
    message: /^Failed to download catalog index image not_a\/Reference: /,
    hint: /; EXTRA_CATALOG_INDEX_IMAGES names the image$/,
  });
});

test('what was kept under other trust entries counts for nothing', async (t) => {
  const world = await catalogWorld(t);
  const { image } = await world.publish('rhdh/index', INDEX);
  await world.obtain({ primary: image });
  const clause = { scope: 'registry.example', require: 'digest', source: 'gantry.yaml: trust[0]' } as const;
  const images = world.open({ policy: { fallback: 'digest', lists: [[clause]] } });
  await assert.rejects(world.obtain({ primary: image, images }), { code: 'POLICY_UNPINNED' });
});

test('a damaged record is fetched again, and a changed default file put right', async (t) => {
  const world = await catalogWorld(t);
  const { image } = await world.publish('rhdh/index', INDEX);
  const found = await world.obtain({ primary: image });
  writeFileSync(found?.file ?? '', 'changed');
  await world.obtain({ primary: image });
  assert.equal(readFileSync(found?.file ?? '', 'utf8'), DEFAULT.content);
  writeFileSync((found?.file ?? '').replace(/yaml$/, 'json'), '{}');
  await world.obtain({ primary: image });
  assert.equal(world.registry.log.count('GET', '/blobs/'), 1);
});

test('an index that moved replaces its entities, the files that went included', async (t) => {
  const world = await catalogWorld(t);
  const { image } = await world.publish('rhdh/index', INDEX);
  await world.obtain({ primary: image });
  const other = { name: 'catalog-entities/extensions/b.yaml', content: 'kind: Package\n' };
  await world.publish('rhdh/index', { layers: [layerOf(DEFAULT, other)] });
  await world.obtain({ primary: image });
  assert.deepEqual(readdirSync(join(world.extensions, 'catalog-entities')), ['b.yaml']);
  assert.deepEqual(readdirSync(world.extensions), ['catalog-entities']);
});

test('all layers count, with whiteouts, and marketplace stands in for extensions', async (t) => {
  const world = await catalogWorld(t);
  const { image } = await world.publish('rhdh/index', {
    layers: [
      layerOf(DEFAULT, ENTITY, { name: 'catalog-entities/marketplace/m.yaml', content: 'm' }),
      layerOf({ name: 'catalog-entities/.wh.extensions', content: '' }),
    ],
  });
  await world.obtain({ primary: image });
  assert.deepEqual(readdirSync(join(world.extensions, 'catalog-entities')), ['m.yaml']);
});

test('without a directory of entities there is a warning, without a default file an error', async (t) => {
  const world = await catalogWorld(t);
  const bare = await world.publish('rhdh/bare', { layers: [layerOf(DEFAULT)] });
  await world.obtain({ primary: bare.image });
  assert.equal(
    world.lines.at(-1),
    `\t==> WARNING: Catalog index image ${bare.image} does not have neither 'catalog-entities/extensions/' nor 'catalog-entities/marketplace/' directory`,
  );
  const wrong = await world.publish('rhdh/wrong', { layers: [layerOf(ENTITY)] });
  await assert.rejects(world.obtain({ primary: wrong.image }), {
    code: 'CONTENT_NOT_FOUND',
    message: `Catalog index image ${wrong.image} does not contain the expected dynamic-plugins.default.yaml file`,
  });
});

test('D2: links that leave the entities and large files are left out with a warning', async (t) => {
  const world = await catalogWorld(t);
  const entities = 'catalog-entities/extensions';
  const { image } = await world.publish('rhdh/index', {
    layers: [
      layerOf(
        DEFAULT,
        ENTITY,
        { name: `${entities}/same.yaml`, type: 'symlink', linkname: 'plugins/a.yaml' },
        { name: `${entities}/passwd`, type: 'symlink', linkname: '/etc/passwd' },
        { name: `${entities}/up`, type: 'symlink', linkname: '../../dynamic-plugins.default.yaml' },
        { name: 'catalog-entities/other.yaml', content: 'other' },
        { name: `${entities}/beside`, type: 'symlink', linkname: '../other.yaml' },
        { name: `${entities}/large`, content: Buffer.alloc(2000) },
      ),
    ],
  });
  await world.obtain({ primary: image, images: world.open({ maxEntryBytes: 1000 }) });
  const there = join(world.extensions, 'catalog-entities');
  assert.deepEqual(readdirSync(there).sort(), ['plugins', 'same.yaml']);
  assert.equal(readFileSync(join(there, 'same.yaml'), 'utf8'), ENTITY.content);
  for (const name of ['passwd', 'up', 'beside']) {
    assert.ok(world.lines.includes(`\t==> WARNING: Skipping link outside archive: ${entities}/${name}`), name);
  }
  assert.ok(world.lines.includes(`\t==> WARNING: Skipping large file ${entities}/large in catalog index`));
});

test('D4: a link in place of the directory is replaced, not followed', async (t) => {
  const world = await catalogWorld(t);
  const { image } = await world.publish('rhdh/index', INDEX);
  const elsewhere = await tempDir(t);
  writeFileSync(join(elsewhere, 'sentinel'), 'untouched');
  mkdirSync(world.extensions);
  symlinkSync(elsewhere, join(world.extensions, 'catalog-entities'));
  await world.obtain({ primary: image });
  assert.deepEqual(readdirSync(elsewhere), ['sentinel']);
  assert.ok(statSync(join(world.extensions, 'catalog-entities/plugins/a.yaml')).isFile());
});

const asRoot = process.getuid?.() === 0 && 'root may write everywhere';
test('a directory that cannot be replaced as a whole gets its content in place', { skip: asRoot }, async (t) => {
  const world = await catalogWorld(t);
  const { image } = await world.publish('rhdh/index', INDEX);
  const target = join(world.extensions, 'catalog-entities');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'old.yaml'), 'old');
  chmodSync(world.extensions, 0o555);
  try {
    await world.obtain({ primary: image });
    assert.deepEqual(readdirSync(target), ['plugins']);
    rmSync(join(target, 'plugins/a.yaml'));
    chmodSync(target, 0o555);
    await assert.rejects(world.obtain({ primary: image }), { code: 'INSTALL_IO' });
  } finally {
    for (const path of [world.extensions, target]) chmodSync(path, 0o755);
  }
});

test('entities are counted up to catalogIndexBytes', async (t) => {
  const world = await catalogWorld(t);
  const { image } = await world.publish('rhdh/index', INDEX);
  const limits = (catalogIndexBytes: number): Op => ({ limits: { catalogIndexBytes } });
  const size = ENTITY.content.length;
  await assert.rejects(world.obtain({ primary: image }, limits(size - 1)), { code: 'CONTENT_LIMIT' });
  await world.obtain({ primary: image }, limits(size));
});

test('extra indexes give entities only, each below its name', async (t) => {
  const world = await catalogWorld(t);
  const one = await world.publish('rhdh/one', { layers: [layerOf(ENTITY)] });
  const two = await world.publish('rhdh/two', INDEX);
  const extras = ` ${one.image} , ,mine=${two.image}, mine=${one.image},none=,../up=${two.image},=${two.image}`;
  assert.equal(await world.obtain({ extras }), undefined);
  assert.deepEqual(readdirSync(join(world.extensions, 'extra')).sort(), ['mine', `registry.example_rhdh_one_1.0`]);
  const mine = join(world.extensions, 'extra/mine/catalog-entities');
  assert.equal(readFileSync(join(mine, 'plugins/a.yaml'), 'utf8'), ENTITY.content);
  const prefix = 'WARNING: Skipping EXTRA_CATALOG_INDEX_IMAGES entry with';
  for (const line of [
    `${prefix} empty image reference: 'none='`,
    `\n======= Extracting extra catalog index 'mine' from ${two.image}`,
    `\t==> WARNING: Subdirectory 'mine' was already used by '${two.image}'. The previous extraction will be overwritten.`,
    `\t==> Successfully extracted extensions catalog entities from extra index image to ${mine}`,
  ]) {
    assert.ok(world.lines.includes(line), line);
  }
  for (const name of ['../up', '']) {
    assert.ok(
      world.lines.some((line) => line.startsWith(`${prefix} unsafe subdirectory name '${name}' in `)),
      name,
    );
  }
  assert.equal(world.registry.log.count('GET', '/manifests/'), 2);
});
