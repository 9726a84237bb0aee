import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildIndex, buildManifest, EMPTY_CONFIG } from './build-manifest.ts';
import { type Descriptor, descriptorOf } from './descriptor.ts';
import { parseManifest } from './manifest.ts';
import { MediaType } from './media-types.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const layer: Descriptor = { ...descriptorOf(encode('layer'), MediaType.octetStream), annotations: { b: '2', a: '1' } };

test('a manifest is written in the order of the specification, byte for byte', () => {
  const { bytes, descriptor } = buildManifest({
    annotations: { z: '1', 'org.a': '2' },
    subject: { ...layer, mediaType: MediaType.imageManifest },
    layers: [layer],
    artifactType: 'application/vnd.test',
  });
  const { digest, size } = layer;
  assert.equal(
    Buffer.from(bytes).toString(),
    `{"schemaVersion":2,"mediaType":"${MediaType.imageManifest}","artifactType":"application/vnd.test",` +
      `"config":{"mediaType":"${MediaType.empty}","digest":"${EMPTY_CONFIG.descriptor.digest}","size":2},` +
      `"layers":[{"mediaType":"application/octet-stream","digest":"${digest}","size":${size},"annotations":{"a":"1","b":"2"}}],` +
      `"subject":{"mediaType":"${MediaType.imageManifest}","digest":"${digest}","size":${size}},"annotations":{"org.a":"2","z":"1"}}`,
  );
  assert.deepEqual(descriptor, descriptorOf(bytes, MediaType.imageManifest));
});

test('the empty config is what its descriptor says', () => {
  assert.deepEqual(EMPTY_CONFIG.descriptor, descriptorOf(EMPTY_CONFIG.bytes, MediaType.empty));
});

test('what is built is read back as it was', () => {
  const data = encode('embedded');
  const config = { ...descriptorOf(data, 'application/x'), data };
  const subject = descriptorOf(encode('subject'), MediaType.imageIndex, 'sha512');
  const built = buildManifest({ config, layers: [layer, layer], subject, algorithm: 'sha512' });
  const manifest = parseManifest(built.bytes, built.descriptor);
  assert.ok(manifest.kind === 'image' && manifest.artifactType === undefined);
  assert.deepEqual([Buffer.from(manifest.config.data ?? []), manifest.subject], [Buffer.from(data), subject]);
  assert.equal(manifest.layers.length, 2);
  assert.match(built.descriptor.digest, /^sha512:/);

  const platform = { variant: 'v7', 'os.features': ['f'], os: 'linux', 'os.version': '1', architecture: 'arm' };
  const child: Descriptor = { ...built.descriptor, platform, artifactType: 'application/vnd.test' };
  const index = buildIndex({ manifests: [child, built.descriptor], artifactType: 'application/vnd.all' });
  const parsed = parseManifest(index.bytes, index.descriptor);
  assert.ok(parsed.kind === 'index');
  assert.deepEqual(parsed.manifests, [child, built.descriptor]);
  const shuffled = { architecture: 'arm', os: 'linux', variant: 'v7', 'os.version': '1', 'os.features': ['f'] };
  const again = buildIndex({
    manifests: [{ ...child, platform: shuffled }, built.descriptor],
    artifactType: 'application/vnd.all',
  });
  assert.equal(again.descriptor.digest, index.descriptor.digest);
});

test('property: the order in which annotations were set does not show, and none is lost', () => {
  const annotations = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), {
    noNullPrototype: false,
  });
  fc.assert(
    fc.property(annotations, (given) => {
      const reversed = Object.fromEntries(Object.entries(given).reverse());
      const one = buildManifest({ layers: [], annotations: given });
      assert.equal(buildManifest({ layers: [], annotations: reversed }).descriptor.digest, one.descriptor.digest);
      const { annotations: read } = parseManifest(one.bytes, one.descriptor);
      assert.deepEqual({ ...read }, { ...given });
    }),
  );
});
