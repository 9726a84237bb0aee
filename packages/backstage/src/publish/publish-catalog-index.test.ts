import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryRepository } from '@gantry/oci';
import { storageSink, tempDir } from '@gantry/testkit';
import { obtainCatalogIndex } from '../images/catalog-index.ts';
import { imageWorld } from '../images/images.fixture.ts';
import { writeFiles } from './exported.fixture.ts';
import { publishCatalogIndex } from './publish-catalog-index.ts';

const silent = { line: () => {}, warn: () => {} };
const INDEX = {
  'dynamic-plugins.default.yaml': 'plugins:\n  - package: oci://quay.example/acme/one:1.0!one\n    disabled: true\n',
  'index.json': '{}',
  'catalog-entities/extensions/plugins/one.yaml': 'kind: Plugin\n',
};

test('a published catalog index is what CATALOG_INDEX_IMAGE wants', async (t) => {
  const directory = await tempDir(t);
  await writeFiles(join(directory, 'index'), INDEX);
  const world = await imageWorld(t);
  const sink = storageSink(world.registry.storage, 'acme/index');
  await publishCatalogIndex(sink, { directory: join(directory, 'index'), tag: '1.10', log: silent });
  const entities = join(directory, 'entities');
  await mkdir(entities);
  const found = await obtainCatalogIndex({
    images: world.open(),
    primary: 'registry.example/acme/index:1.10',
    extras: undefined,
    entitiesDirectory: entities,
    directory: world.root,
    writeFile: async (name, text) => writeFiles(world.root, { [name]: text }),
    staging: () => world.staging,
    environment: { now: () => 0 },
    log: silent,
  });
  assert.ok(found);
  assert.equal(await readFile(found.file, 'utf8'), INDEX['dynamic-plugins.default.yaml']);
  assert.equal(await readFile(join(entities, 'catalog-entities/plugins/one.yaml'), 'utf8'), 'kind: Plugin\n');
});

test('a directory that is no catalog index is refused', async (t) => {
  const directory = await tempDir(t);
  const cases: readonly (readonly [Readonly<Record<string, string>>, string, RegExp])[] = [
    [{ 'index.json': '{}' }, 'CONFIG_INVALID', /has neither dynamic-plugins\.default\.yaml nor catalog-entities/],
    [{ 'dynamic-plugins.default.yaml': 'other: 1\n' }, 'CONFIG_INVALID', /has no 'plugins'/],
    [
      { 'dynamic-plugins.default.yaml': 'plugins:\n  - disabled: true\n' },
      'CONFIG_DYNAMIC_PLUGINS',
      /'plugins\.package'.*default\.yaml:2/,
    ],
  ];
  for (const [index, [files, code, message]] of cases.entries()) {
    const place = join(directory, String(index));
    await writeFiles(place, files);
    await assert.rejects(publishCatalogIndex(memoryRepository(), { directory: place, log: silent }), { code, message });
  }
  const entitiesOnly = join(directory, 'entities');
  await writeFiles(entitiesOnly, { 'catalog-entities/marketplace/a.yaml': 'a: 1\n' });
  assert.equal(
    (await publishCatalogIndex(memoryRepository(), { directory: entitiesOnly, log: silent })).layers.length,
    1,
  );
});
