import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { choosePlatform, type PlatformOptions } from './choose-platform.ts';
import { type Descriptor, descriptorOf } from './descriptor.ts';
import { MediaType } from './media-types.ts';
import { type Platform, parsePlatform } from './platform.ts';

/** An entry whose content is its own description; `os/arch/variant` with an optional ` version`. */
function entry(platform: string, salt: string = ''): Descriptor {
  const [name = '', version] = platform.split(' ');
  const what = descriptorOf(new TextEncoder().encode(`${platform}${salt}`), MediaType.imageManifest);
  if (name === 'none') return what;
  const parsed = name === 'unknown/unknown' ? { os: 'unknown', architecture: 'unknown' } : parsePlatform(name);
  return { ...what, platform: { ...parsed, ...(version === undefined ? {} : { 'os.version': version }) } };
}

function chosen(entries: readonly string[], wanted: string, options?: PlatformOptions): string | undefined {
  const [name = '', version] = wanted.split(' ');
  const platform: Platform = { ...parsePlatform(name), ...(version === undefined ? {} : { 'os.version': version }) };
  const manifests = entries.map((text) => entry(text));
  const found = choosePlatform({ manifests }, platform, options);
  return found === undefined ? undefined : entries[manifests.indexOf(found)];
}

test('B8: the best entry for a platform, or none', () => {
  const rows: readonly (readonly [entries: readonly string[], wanted: string, expected: string | undefined])[] = [
    [['linux/amd64', 'linux/arm64'], 'linux/arm64', 'linux/arm64'],
    [['linux/arm64'], 'linux/amd64', undefined],
    [['windows/amd64'], 'linux/amd64', undefined],
    [[], 'linux/amd64', undefined],
    // Wasm runs everywhere, when nothing native does.
    [['linux/amd64', 'wasi/wasm'], 'linux/amd64', 'linux/amd64'],
    [['linux/arm64', 'wasi/wasm'], 'linux/amd64', 'wasi/wasm'],
    [['wasi/wasm'], 'wasi/wasm', 'wasi/wasm'],
    // ARM
    [['linux/arm/v5', 'linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7', 'linux/arm/v7'],
    [['linux/arm/v5', 'linux/arm/v6'], 'linux/arm/v7', 'linux/arm/v6'],
    [['linux/arm/v7'], 'linux/arm/v6', undefined],
    [['linux/arm'], 'linux/arm/v7', 'linux/arm'],
    [['linux/arm', 'linux/arm/v6'], 'linux/arm/v6', 'linux/arm/v6'],
    [['linux/arm'], 'linux/arm/v6', undefined],
    [['linux/arm/v7'], 'linux/arm', 'linux/arm/v7'],
    [['linux/arm/v8'], 'linux/arm/v7', undefined],
    [['linux/arm64/v8'], 'linux/arm64', 'linux/arm64/v8'],
    [['linux/arm64'], 'linux/arm64/v8', 'linux/arm64'],
    [['linux/arm64/v9'], 'linux/arm64', undefined],
    [['linux/arm64/v8.2', 'linux/arm64/v8.1', 'linux/arm64'], 'linux/arm64/v8.4', 'linux/arm64/v8.2'],
    [['linux/arm64/v8.5', 'linux/arm64/v8.6'], 'linux/arm64/v9', 'linux/arm64/v8.5'],
    // x86-64 levels
    [['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4'], 'linux/amd64/v3', 'linux/amd64/v2'],
    [['linux/amd64/v2'], 'linux/amd64', undefined],
    [['linux/amd64/v2', 'linux/amd64'], 'linux/amd64', 'linux/amd64'],
    // Variants that are names
    [['linux/mips/softfloat'], 'linux/mips', undefined],
    [['linux/mips'], 'linux/mips/softfloat', 'linux/mips'],
    [['linux/mips', 'linux/mips/softfloat'], 'linux/mips/softfloat', 'linux/mips/softfloat'],
    // Versions of the system
    [['windows/amd64 10.0.17763.1'], 'windows/amd64', 'windows/amd64 10.0.17763.1'],
    [['windows/amd64'], 'windows/amd64 10.0.17763.1', 'windows/amd64'],
    [
      ['windows/amd64 10.0.17763.1', 'windows/amd64 10.0.20348.9'],
      'windows/amd64 10.0.20348.1',
      'windows/amd64 10.0.20348.9',
    ],
    [
      ['windows/amd64 10.0.17763.1', 'windows/amd64 10.0.20348.9'],
      'windows/amd64 10.0.19042.1',
      'windows/amd64 10.0.17763.1',
    ],
    [['windows/amd64 10.0.20348.9'], 'windows/amd64 10.0.17763.1', undefined],
    [['windows/amd64 11.0.1'], 'windows/amd64 10.9.9', undefined],
    [['windows/amd64 weird'], 'windows/amd64 10.0.1', 'windows/amd64 weird'],
    // Attestations and entries without platform are not for anybody.
    [['unknown/unknown', 'none'], 'linux/amd64', undefined],
    [['unknown/unknown', 'linux/amd64'], 'linux/amd64', 'linux/amd64'],
  ];
  for (const [entries, wanted, expected] of rows) {
    assert.equal(chosen(entries, wanted), expected, `${wanted} of ${entries.join(', ')}`);
    assert.equal(chosen(entries.toReversed(), wanted), expected, `reversed: ${wanted} of ${entries.join(', ')}`);
  }
});

test('B8: a user may prefer Wasm, or refuse it as a substitute', () => {
  const both = ['linux/amd64', 'wasi/wasm'];
  assert.equal(chosen(both, 'linux/amd64', { prefer: 'wasm' }), 'wasi/wasm');
  assert.equal(chosen(['linux/amd64'], 'linux/amd64', { prefer: 'wasm' }), 'linux/amd64');
  assert.equal(chosen(['wasi/wasm'], 'linux/amd64', { prefer: 'only-native' }), undefined);
  assert.equal(chosen(both, 'linux/amd64', { prefer: 'only-native' }), 'linux/amd64');
});

test('B8: what asks for a feature that nobody offers is not chosen', () => {
  const child = entry('windows/amd64');
  const needs = (feature: string): Descriptor => ({
    ...child,
    platform: { os: 'windows', architecture: 'amd64', 'os.features': [feature] },
  });
  const wanted = parsePlatform('windows/amd64');
  assert.equal(choosePlatform({ manifests: [needs('hyperv')] }, wanted), undefined);
  assert.ok(choosePlatform({ manifests: [needs('win32k')] }, wanted));
  assert.ok(choosePlatform({ manifests: [needs('hyperv')] }, { ...wanted, 'os.features': ['hyperv'] }));
});

test('B8: attestations, nested indexes and unknown types are skipped even with a fitting platform', () => {
  const good = entry('linux/amd64');
  const attestation = {
    ...entry('linux/amd64', 'x'),
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
  };
  const nested = { ...entry('linux/amd64', 'y'), mediaType: MediaType.imageIndex };
  const unknown = { ...entry('linux/amd64', 'z'), mediaType: 'application/x' };
  const wanted = parsePlatform('linux/amd64');
  assert.equal(choosePlatform({ manifests: [attestation, nested, unknown] }, wanted), undefined);
  assert.equal(choosePlatform({ manifests: [attestation, nested, unknown, good] }, wanted), good);
});

test('B8 property: the choice does not depend on the order of the index', () => {
  const platforms = [
    'linux/amd64',
    'linux/amd64/v2',
    'linux/arm',
    'linux/arm/v6',
    'linux/arm/v7',
    'linux/arm64',
    'linux/arm64/v9',
    'windows/amd64',
    'windows/amd64 10.0.1',
    'windows/amd64 10.0.2',
    'wasi/wasm',
    'unknown/unknown',
    'none',
  ];
  const manifests = fc
    .array(fc.tuple(fc.constantFrom(...platforms), fc.nat(3)), { maxLength: 8 })
    .map((list) => list.map(([platform, salt]) => entry(platform, String(salt))));
  const shuffled = manifests.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  const wanted = fc.constantFrom(...platforms.slice(0, 11).map((text) => entry(text).platform));
  fc.assert(
    fc.property(
      shuffled,
      wanted,
      fc.constantFrom('native', 'wasm', 'only-native'),
      ([first, second], platform, prefer) => {
        assert.ok(platform !== undefined);
        const a = choosePlatform({ manifests: first }, platform, { prefer });
        assert.deepEqual(choosePlatform({ manifests: second }, platform, { prefer }), a);
        const exact = first.find((one) => JSON.stringify(one.platform) === JSON.stringify(platform));
        if (exact !== undefined && prefer !== 'wasm')
          assert.deepEqual(a?.platform, platform, 'an exact match comes first');
      },
    ),
  );
});
