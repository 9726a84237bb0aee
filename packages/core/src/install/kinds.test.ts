import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { forgeTar } from '@gantry/testkit';
import type { PluginKind } from '../plugin/plugin.ts';
import {
  filePlugin,
  LIBRARY,
  modeOf,
  pluginOf,
  SCRIPT,
  type TestLayer,
  testRoot,
  textOf,
  verified,
  WASM,
} from './plugin.fixture.ts';

const OCTETS = 'application/octet-stream';
const WASM_LAYER = 'application/vnd.wasm.v1.layer+wasm';
const TAR = 'application/vnd.oci.image.layer.v1.tar';
const TAR_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function tarOf(files: Readonly<Record<string, Uint8Array | string>>): Uint8Array {
  return forgeTar(Object.entries(files).map(([name, content]) => ({ name, content: Buffer.from(content) })));
}

interface Case {
  readonly name: string;
  readonly layers: readonly TestLayer[];
  /** What the user or the documents say. */
  readonly kind?: PluginKind;
  readonly entryPath?: string;
  readonly expected: readonly [kind: PluginKind, entry: string | undefined] | { readonly code: string };
}

const CASES: readonly Case[] = [
  {
    name: 'a script in octets',
    layers: [{ bytes: SCRIPT, mediaType: OCTETS, title: 'tool' }],
    expected: ['executable', 'tool'],
  },
  {
    name: 'a script without a title',
    layers: [{ bytes: SCRIPT, mediaType: OCTETS }],
    expected: ['executable', 'plugin'],
  },
  {
    name: 'a script called tar',
    layers: [{ bytes: SCRIPT, mediaType: TAR, title: 'tool' }],
    expected: ['executable', 'tool'],
  },
  { name: 'a library', layers: [{ bytes: LIBRARY, mediaType: OCTETS, title: 'p.so' }], expected: ['library', 'p.so'] },
  {
    name: 'Wasm',
    layers: [{ bytes: WASM, mediaType: WASM_LAYER, title: 'p.wasm' }],
    kind: 'wasm',
    expected: ['wasm', 'p.wasm'],
  },
  { name: 'Wasm without a title', layers: [{ bytes: WASM, mediaType: WASM_LAYER }], expected: ['wasm', 'plugin.wasm'] },
  { name: 'Wasm called tar', layers: [{ bytes: WASM, mediaType: TAR, title: 'p.wasm' }], expected: ['wasm', 'p.wasm'] },
  {
    name: 'the first layer that fits',
    layers: [
      { bytes: text('read me'), mediaType: OCTETS, title: 'README' },
      { bytes: WASM, mediaType: OCTETS, title: 'a.wasm' },
      { bytes: Buffer.concat([WASM, text('2')]), mediaType: OCTETS, title: 'b.wasm' },
    ],
    kind: 'wasm',
    expected: ['wasm', 'a.wasm'],
  },
  {
    name: 'text that nobody explains',
    layers: [{ bytes: text('hello'), mediaType: OCTETS }],
    expected: { code: 'CONTENT_KIND_UNKNOWN' },
  },
  {
    name: 'text as files',
    layers: [{ bytes: text('hello'), mediaType: OCTETS, title: 'a.txt' }],
    kind: 'files',
    expected: ['files', undefined],
  },
  { name: 'no layer', layers: [], expected: { code: 'CONTENT_KIND_UNKNOWN' } },
  {
    name: 'a tar with one executable',
    layers: [{ bytes: tarOf({ 'bin/x': SCRIPT, README: 'x' }), mediaType: TAR }],
    expected: ['executable', 'bin/x'],
  },
  {
    name: 'a tar.gz with one library, claimed',
    layers: [{ bytes: gzipSync(tarOf({ 'p.so': LIBRARY })), mediaType: TAR_GZIP }],
    kind: 'library',
    expected: ['library', 'p.so'],
  },
  {
    name: 'a Node package',
    layers: [{ bytes: tarOf({ 'package.json': '{}', 'bin/x': SCRIPT }), mediaType: TAR }],
    expected: ['node', undefined],
  },
  {
    name: 'a claimed Node package without one',
    layers: [{ bytes: tarOf({ x: 'y' }), mediaType: TAR }],
    kind: 'node',
    expected: { code: 'CONTENT_TYPE_MISMATCH' },
  },
  {
    name: 'a tree of files',
    layers: [{ bytes: tarOf({ 'a/b': 'c' }), mediaType: TAR }],
    expected: ['files', undefined],
  },
  {
    name: 'two executables, claimed',
    layers: [{ bytes: tarOf({ a: SCRIPT, b: SCRIPT }), mediaType: TAR }],
    kind: 'executable',
    expected: { code: 'CONTENT_KIND_UNKNOWN' },
  },
  {
    name: 'two executables, one named',
    layers: [{ bytes: tarOf({ a: SCRIPT, b: SCRIPT }), mediaType: TAR }],
    entryPath: 'b',
    expected: ['executable', 'b'],
  },
  {
    name: 'a path that is not there',
    layers: [{ bytes: tarOf({ a: SCRIPT }), mediaType: TAR }],
    entryPath: 'c',
    expected: { code: 'CONTENT_NOT_FOUND' },
  },
  {
    name: 'a path to text',
    layers: [{ bytes: tarOf({ a: 'x' }), mediaType: TAR }],
    entryPath: 'a',
    expected: { code: 'CONTENT_TYPE_MISMATCH' },
  },
  {
    name: 'a path to another kind',
    layers: [{ bytes: tarOf({ a: SCRIPT }), mediaType: TAR }],
    entryPath: 'a',
    kind: 'wasm',
    expected: { code: 'CONTENT_TYPE_MISMATCH' },
  },
  {
    name: 'a claimed executable that is text',
    layers: [{ bytes: text('hello'), mediaType: OCTETS }],
    kind: 'executable',
    expected: { code: 'CONTENT_TYPE_MISMATCH' },
  },
  {
    name: 'a claimed executable that is a library',
    layers: [{ bytes: LIBRARY, mediaType: OCTETS }],
    kind: 'executable',
    expected: { code: 'CONTENT_TYPE_MISMATCH' },
  },
];

test('what a plugin is follows from what is said and from its bytes', async (t) => {
  for (const { name, layers, kind, entryPath, expected } of CASES) {
    const { root } = await testRoot(t);
    const installing = root.install(await verified(pluginOf(layers, { kind, entryPath })));
    if ('code' in expected) {
      await assert.rejects(installing, { code: expected.code }, name);
      assert.deepEqual(await root.list(), [], name);
    } else {
      const { facts } = await installing;
      assert.deepEqual([facts.kind, facts.entry?.slice(facts.path.length + 1)], expected, name);
    }
  }
});

test('D12: what is called Wasm and is not never gets into the root', async (t) => {
  const pages = {
    html: text('<!DOCTYPE html><title>Sign in</title>'),
    gzip: gzipSync(WASM),
    text: text('(module)'),
    nothing: new Uint8Array(),
  };
  for (const [name, bytes] of Object.entries(pages)) {
    const { root } = await testRoot(t);
    const plugin = await verified(pluginOf([{ bytes, mediaType: WASM_LAYER }]));
    await assert.rejects(root.install(plugin), { code: 'CONTENT_TYPE_MISMATCH' }, name);
  }
});

test('D12: octets are never extracted, and a web page is no plugin', async (t) => {
  const { root } = await testRoot(t);
  const archive = pluginOf([{ bytes: tarOf({ x: SCRIPT }), mediaType: OCTETS, title: 'x.tar' }], { kind: 'files' });
  const { path } = (await root.install(await verified(archive))).facts;
  assert.deepEqual((await root.why('tool')).facts.kind, 'files');
  assert.equal(textOf(`${path}/x.tar`).length > 0, true);
  const page = await verified(pluginOf([{ bytes: text('<html><body>'), mediaType: OCTETS }], { kind: 'files' }));
  await assert.rejects(root.install(page, { replace: true }), { code: 'CONTENT_TYPE_MISMATCH' });
});

test('native files can be executed and others cannot, whatever an archive says', async (t) => {
  const { root } = await testRoot(t);
  const tar = forgeTar([
    { name: 'tool', content: Buffer.from(SCRIPT), mode: 0o644 },
    { name: 'data', content: Buffer.from('x'), mode: 0o4777 },
  ]);
  const { path } = (await root.install(await verified(pluginOf([{ bytes: tar, mediaType: TAR }])))).facts;
  assert.equal(modeOf(`${path}/tool`), 0o755);
  assert.equal(modeOf(`${path}/data`), 0o644);
});

test('B10: layers whose titles are hostile or the same are refused whole', async (t) => {
  const { root, directory } = await testRoot(t);
  const hostile = await verified(pluginOf([{ bytes: SCRIPT, mediaType: OCTETS, title: '..' }]));
  await assert.rejects(root.install(hostile), { code: 'ARCHIVE_UNSAFE_PATH' });
  const twice = await verified(
    pluginOf([
      { bytes: SCRIPT, mediaType: OCTETS, title: 'a/tool' },
      { bytes: WASM, mediaType: OCTETS, title: 'b/tool' },
    ]),
  );
  await assert.rejects(root.install(twice), { code: 'ARCHIVE_COLLISION' });
  await root.install(await verified(filePlugin(SCRIPT)));
  assert.equal((await root.list()).length, 1, directory);
});
