import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Descriptor, descriptorOf } from './descriptor.ts';
import type { GantryError } from './errors.ts';
import { artifactTypeOf, contentsOf, type Manifest, manifestType, parseIndex, parseManifest } from './manifest.ts';
import { MediaType } from './media-types.ts';

const encode = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

const blob = (text: string, mediaType: string = MediaType.octetStream): Descriptor =>
  descriptorOf(encode(text), mediaType);

const EMPTY = { mediaType: MediaType.empty, digest: blob('{}').digest, size: 2, data: 'e30=' };
const LAYER = blob('layer', MediaType.layerTarGzip);
const IMAGE = { schemaVersion: 2, mediaType: MediaType.imageManifest, config: EMPTY, layers: [LAYER] };
const INDEX = {
  schemaVersion: 2,
  mediaType: MediaType.imageIndex,
  manifests: [{ ...blob('child', MediaType.imageManifest), platform: { os: 'linux', architecture: 'amd64' } }],
};
const ARTIFACT = { mediaType: MediaType.artifactManifest, artifactType: 'application/x.y', blobs: [LAYER] };

function parse(document: unknown, mediaType?: string, limits?: Record<string, number>): Manifest {
  const bytes = encode(document);
  const own = (document as { mediaType?: string }).mediaType;
  const op = limits === undefined ? undefined : { limits };
  return parseManifest(bytes, descriptorOf(bytes, mediaType ?? own ?? MediaType.imageManifest), op);
}

function refused(document: unknown, code: string, says?: RegExp, mediaType?: string): void {
  const name = JSON.stringify(document)?.slice(0, 300);
  assert.throws(
    () => parse(document, mediaType),
    (error: GantryError) => {
      assert.equal(error.code, code, `${name}: ${error.message}`);
      if (says !== undefined) assert.match(error.message, says);
      return true;
    },
    name,
  );
}

test('an OCI 1.1 manifest: artifact type, subject, empty config with embedded data, annotations', () => {
  const subject = blob('subject', MediaType.imageManifest);
  const manifest = parse({
    ...IMAGE,
    artifactType: 'application/vnd.a+json;version=0.1',
    subject,
    annotations: { b: '1', a: '' },
  });
  assert.ok(manifest.kind === 'image');
  assert.equal(manifest.artifactType, 'application/vnd.a+json;version=0.1');
  assert.equal(artifactTypeOf(manifest), manifest.artifactType);
  assert.deepEqual(manifest.subject, subject);
  assert.deepEqual(Buffer.from(manifest.config.data ?? []).toString(), '{}');
  assert.deepEqual(manifest.layers, [LAYER]);
  assert.deepEqual(Object.entries(manifest.annotations), [
    ['b', '1'],
    ['a', ''],
  ]);
  assert.deepEqual(
    contentsOf(manifest).map((content) => content.digest),
    [EMPTY.digest, LAYER.digest],
  );
});

test('OCI 1.0, Docker schema 2, Docker lists and the withdrawn artifact manifest are read', () => {
  const { mediaType: _, ...bare } = IMAGE;
  assert.equal(parse(bare, MediaType.imageManifest).kind, 'image', 'OCI 1.0 needs no mediaType inside');
  const config = blob('config', MediaType.dockerConfig);
  const docker = parse({ ...IMAGE, mediaType: MediaType.dockerManifest, config });
  assert.equal(docker.kind, 'image');
  assert.equal(artifactTypeOf(docker), MediaType.dockerConfig);
  const list = parse({ ...INDEX, mediaType: MediaType.dockerManifestList });
  assert.ok(list.kind === 'index');
  assert.deepEqual(list.manifests[0]?.platform, { os: 'linux', architecture: 'amd64' });
  const artifact = parse(ARTIFACT);
  assert.ok(artifact.kind === 'artifact');
  assert.deepEqual(artifact.layers, [LAYER]);
  assert.equal(artifactTypeOf(artifact), 'application/x.y');
  assert.deepEqual(contentsOf(parse({ mediaType: MediaType.artifactManifest })), []);
});

test('F13: lists that are empty or null are empty, and absent ones are errors', () => {
  for (const layers of [[], null]) {
    const manifest = parse({ ...IMAGE, layers });
    assert.ok(manifest.kind === 'image' && manifest.layers.length === 0);
  }
  for (const manifests of [[], null]) {
    const index = parse({ ...INDEX, manifests });
    assert.ok(index.kind === 'index' && index.manifests.length === 0);
  }
  const nulls = parse({ ...IMAGE, artifactType: null, subject: null, annotations: null });
  assert.deepEqual(Object.keys(nulls).sort(), ['annotations', 'config', 'kind', 'layers', 'mediaType']);
  refused(
    { schemaVersion: 2, mediaType: MediaType.imageManifest, config: EMPTY },
    'CONTENT_INVALID',
    /layers must be an array/,
  );
  refused({ schemaVersion: 2, mediaType: MediaType.imageIndex }, 'CONTENT_INVALID', /manifests must be an array/);
  refused({ ...IMAGE, config: null }, 'CONTENT_INVALID', /config must be an object, found null/);
});

test('B4: every media type that is present must agree', () => {
  const types = [
    MediaType.imageManifest,
    MediaType.imageIndex,
    MediaType.dockerManifest,
    MediaType.dockerManifestList,
    MediaType.artifactManifest,
  ];
  for (const document of [IMAGE, INDEX, ARTIFACT]) {
    for (const outside of types) {
      for (const inside of types) {
        const both = { ...document, mediaType: inside };
        const agree = outside === inside && parses(both);
        if (agree) assert.equal(parse(both, outside).mediaType, inside);
        else
          assert.throws(() => parse(both, outside), /CONTENT_TYPE_MISMATCH|is no|but|must be/, `${outside} ${inside}`);
      }
    }
  }
  refused(IMAGE, 'CONTENT_TYPE_MISMATCH', /image.index.*says.*image.manifest/, MediaType.imageIndex);
  refused(IMAGE, 'CONTENT_TYPE_MISMATCH', undefined, 'application/json');
  refused({ ...IMAGE, mediaType: 'application/json' }, 'CONTENT_TYPE_MISMATCH');
  refused(
    { ...IMAGE, mediaType: 'application/vnd.oci.image.manifest.v2+json' },
    'CONTENT_TYPE_MISMATCH',
    /not a manifest/,
  );
});

/** Whether the parts of a document are those that its own type has. */
function parses(document: { mediaType: string; blobs?: unknown; manifests?: unknown }): boolean {
  if (document.mediaType === MediaType.artifactManifest) return document.blobs !== undefined;
  const index = document.mediaType === MediaType.imageIndex || document.mediaType === MediaType.dockerManifestList;
  return document.blobs === undefined && index === (document.manifests !== undefined);
}

test('B4: a document with the parts of two kinds is refused under both names', () => {
  const { mediaType: _, ...image } = IMAGE;
  for (const type of [
    MediaType.imageManifest,
    MediaType.imageIndex,
    MediaType.dockerManifest,
    MediaType.dockerManifestList,
  ]) {
    refused({ ...image, manifests: [] }, 'CONTENT_TYPE_MISMATCH', /but has/, type);
    refused({ schemaVersion: 2, manifests: INDEX.manifests, layers: [] }, 'CONTENT_TYPE_MISMATCH', /but has/, type);
    refused({ schemaVersion: 2, manifests: INDEX.manifests, config: null }, 'CONTENT_TYPE_MISMATCH', /but has/, type);
  }
  refused({ ...IMAGE, blobs: [] }, 'CONTENT_TYPE_MISMATCH', /"blobs"/);
  refused({ ...ARTIFACT, layers: [] }, 'CONTENT_TYPE_MISMATCH', /"layers"/);
});

test('B4: Docker schema 1 is refused under every name', () => {
  const schema1 = { schemaVersion: 1, name: 'x', tag: 'y', fsLayers: [], history: [] };
  for (const type of [
    MediaType.imageManifest,
    MediaType.dockerManifest,
    'application/vnd.docker.distribution.manifest.v1+prettyjws',
  ]) {
    refused(schema1, 'CONTENT_TYPE_MISMATCH', /schema 1/, type);
  }
  refused({ ...IMAGE, fsLayers: [] }, 'CONTENT_TYPE_MISMATCH', /fsLayers/);
  for (const schemaVersion of [undefined, null, '2', 3, 2.5, true]) {
    refused({ ...IMAGE, schemaVersion }, 'CONTENT_INVALID', /schemaVersion must be 2/);
  }
});

test('B4: manifestType takes the type beside the bytes, the one inside, or refuses', () => {
  const { mediaType: _, ...bare } = IMAGE;
  assert.equal(manifestType(encode(IMAGE), undefined, 'x'), MediaType.imageManifest);
  assert.equal(manifestType(encode(bare), MediaType.imageManifest, 'x'), MediaType.imageManifest);
  assert.equal(manifestType(encode(IMAGE), MediaType.imageManifest, 'x'), MediaType.imageManifest);
  for (const [document, beside] of [
    [IMAGE, MediaType.dockerManifest],
    [bare, undefined],
    [bare, 'text/html'],
    [IMAGE, 'application/json'],
  ] as const) {
    assert.throws(() => manifestType(encode(document), beside, 'x'), { code: 'CONTENT_TYPE_MISMATCH' });
  }
});

test('B1: the bytes are those of the descriptor before anything is read from them', () => {
  const bytes = encode(IMAGE);
  const what = descriptorOf(bytes, MediaType.imageManifest);
  assert.throws(() => parseManifest(bytes, { ...what, size: what.size + 1 }), { code: 'CONTENT_SIZE_MISMATCH' });
  assert.throws(() => parseManifest(encode(INDEX), { ...what, size: encode(INDEX).length }), {
    code: 'CONTENT_DIGEST_MISMATCH',
  });
  assert.throws(() => parseIndex(bytes, what), { code: 'CONTENT_TYPE_MISMATCH' });
  assert.equal(parseIndex(encode(INDEX), descriptorOf(encode(INDEX), MediaType.imageIndex)).manifests.length, 1);
});

test('B2: a size is a whole number of bytes that is exact, whatever spelling JSON allows', () => {
  for (const size of [
    '4611686018427387904',
    '9007199254740993',
    '-1',
    '1e3',
    '"12"',
    '1.5',
    'null',
    'true',
    '[]',
    '-0',
    '1.0',
  ]) {
    const text = JSON.stringify({ ...IMAGE, layers: [] }).replace(
      '"layers":[]',
      `"layers":[{"mediaType":"a/b","digest":"${LAYER.digest}","size":${size}}]`,
    );
    refused(text, 'CONTENT_INVALID', undefined, MediaType.imageManifest);
  }
  const zero = parse({
    ...IMAGE,
    layers: [
      { ...LAYER, size: 0 },
      { ...LAYER, size: Number.MAX_SAFE_INTEGER },
    ],
  });
  assert.deepEqual(
    contentsOf(zero).map((layer) => layer.size),
    [2, 0, Number.MAX_SAFE_INTEGER],
  );
});

test('B5: duplicate keys are refused at every level of the schema', () => {
  for (const [from, to] of [
    ['{"schemaVersion":2', '{"schemaVersion":2,"schemaVersion":2'],
    ['"layers":[', '"layers":[],"layers":['],
    ['"size":5', '"size":5,"size":5'],
    ['"data":"e30="', '"data":"e30=","data":"e30="'],
    ['"k":"v"', '"k":"v","\\u006b":"w"'],
  ] as const) {
    const text = JSON.stringify({ ...IMAGE, annotations: { k: 'v' } });
    assert.ok(text.includes(from), from);
    refused(text.replace(from, to), 'CONTENT_INVALID', /twice/, MediaType.imageManifest);
  }
});

test('descriptors: what is malformed is refused, with its place', () => {
  const rows: readonly (readonly [layer: unknown, says: RegExp])[] = [
    ['x', /layers\[0\] must be an object/],
    [null, /layers\[0\] must be an object, found null/],
    [[], /found an array/],
    [{ ...LAYER, mediaType: undefined }, /layers\[0\].mediaType must be a media type, found nothing/],
    [{ ...LAYER, mediaType: '' }, /mediaType/],
    [{ ...LAYER, mediaType: 'text' }, /mediaType/],
    [{ ...LAYER, mediaType: 'a/b\r\nX: y' }, /mediaType/],
    [{ ...LAYER, mediaType: 7 }, /must be a string, found 7/],
    [{ ...LAYER, digest: undefined }, /digest/],
    [{ ...LAYER, digest: `sha1:${'a'.repeat(40)}` }, /sha256 or sha512/],
    [{ ...LAYER, digest: LAYER.digest.toUpperCase() }, /digest/],
    [{ ...LAYER, digest: `${LAYER.digest}/../x` }, /digest/],
    [{ ...LAYER, annotations: { a: 1 } }, /layers\[0\].annotations.a must be a string/],
    [{ ...LAYER, annotations: [] }, /annotations must be an object/],
    [{ ...LAYER, platform: 'linux' }, /platform must be an object/],
    [{ ...LAYER, platform: { os: 1, architecture: 'x' } }, /platform.os must be a string/],
    [{ ...LAYER, platform: { os: 'l', architecture: 'x', 'os.features': [1] } }, /os.features\[0\]/],
    [{ ...EMPTY, data: 'e30' }, /canonical base64/],
    [{ ...EMPTY, data: 'e31=' }, /canonical base64/],
    [{ ...EMPTY, data: 5 }, /data must be a string/],
  ];
  for (const [layer, says] of rows) refused({ ...IMAGE, layers: [layer] }, 'CONTENT_INVALID', says);
  refused({ ...IMAGE, layers: {} }, 'CONTENT_INVALID', /layers must be an array/);
  refused({ ...IMAGE, annotations: { a: null } }, 'CONTENT_INVALID', /annotations.a/);
  refused({ ...IMAGE, artifactType: 'not a type' }, 'CONTENT_INVALID', /artifactType/);
  refused({ ...IMAGE, subject: { digest: 'x' } }, 'CONTENT_INVALID', /subject/);
  refused([], 'CONTENT_INVALID', /must be an object/, MediaType.imageManifest);
});

test('embedded data is checked against size and digest', () => {
  refused({ ...IMAGE, config: { ...EMPTY, data: 'e31A' } }, 'CONTENT_SIZE_MISMATCH');
  refused({ ...IMAGE, config: { ...EMPTY, data: 'fX0=' } }, 'CONTENT_DIGEST_MISMATCH', /config.data/);
});

test('A7: urls never become part of a descriptor', () => {
  const manifest = parse({ ...IMAGE, layers: [{ ...LAYER, urls: ['http://169.254.169.254/'] }] });
  assert.deepEqual(contentsOf(manifest)[1], LAYER);
});

test('G1: hostile keys in annotations stay keys', () => {
  const text = JSON.stringify({ ...IMAGE, annotations: {} }).replace(
    '"annotations":{}',
    '"annotations":{"__proto__":"x","toString":"y"}',
  );
  const { annotations } = parse(text, MediaType.imageManifest);
  assert.deepEqual(Object.entries(annotations), [
    ['__proto__', 'x'],
    ['toString', 'y'],
  ]);
  assert.equal(annotations['hasOwnProperty'], undefined);
  assert.equal(({} as Record<string, unknown>)['x'], undefined);
});

test('platforms: variant, os.version and os.features are kept, an incomplete one is none', () => {
  const platform = {
    os: 'windows',
    architecture: 'amd64',
    variant: 'v2',
    'os.version': '10.0.1',
    'os.features': ['win32k'],
    features: ['x'],
  };
  const { features: _, ...kept } = platform;
  const child = blob('child', MediaType.imageManifest);
  const index = parse({
    ...INDEX,
    manifests: [
      { ...child, platform },
      { ...child, platform: { os: '', architecture: '' } },
      { ...child, platform: null },
    ],
  });
  assert.deepEqual(contentsOf(index), [{ ...child, platform: kept }, child, child]);
});

test('limits on descriptors, annotations, depth and size hold at n-1, n and n+1', () => {
  const layers = (count: number): unknown => ({ ...IMAGE, layers: Array.from({ length: count }, () => LAYER) });
  const text = (length: number): unknown => ({ ...IMAGE, annotations: { a: 'é'.repeat(length / 2) } });
  const size = encode(IMAGE).length;
  const rows: readonly (readonly [name: string, document: unknown, limit: number, accepted: boolean])[] = [
    ['manifestDescriptors', layers(2), 3, true],
    ['manifestDescriptors', layers(3), 3, true],
    ['manifestDescriptors', layers(4), 3, false],
    ['annotationBytes', text(8), 10, true],
    ['annotationBytes', text(10), 10, true],
    ['annotationBytes', text(12), 10, false],
    ['manifestBytes', IMAGE, size + 1, true],
    ['manifestBytes', IMAGE, size, true],
    ['manifestBytes', IMAGE, size - 1, false],
  ];
  for (const [name, document, limit, accepted] of rows) {
    if (accepted) assert.ok(parse(document, undefined, { [name]: limit }));
    else assert.throws(() => parse(document, undefined, { [name]: limit }), { code: 'CONTENT_LIMIT' }, name);
  }
});

test('G4: remote text in messages is escaped', () => {
  assert.throws(
    () => parse({ ...IMAGE, layers: [{ ...LAYER, mediaType: '\u001b[2J\u202e' }] }),
    (error: GantryError) => !/[\u001b\u202e]/.test(error.message),
  );
});
