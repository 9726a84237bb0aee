import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlatform, type Host, hostPlatform, normalisedPlatform, parsePlatform } from './platform.ts';

test('parsePlatform reads os/architecture/variant under all usual names', () => {
  const rows: readonly (readonly [text: string, normalised: string])[] = [
    ['linux/amd64', 'linux/amd64'],
    ['Linux/X86_64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['linux/arm', 'linux/arm'],
    ['macos/arm64', 'darwin/arm64'],
    ['windows/i386', 'windows/386'],
    ['wasi/wasm', 'wasi/wasm'],
  ];
  for (const [text, normalised] of rows) {
    assert.equal(formatPlatform(parsePlatform(text)), normalised, text);
    assert.deepEqual(parsePlatform(normalised), parsePlatform(text), text);
  }
});

test('parsePlatform refuses everything else', () => {
  for (const text of [
    '',
    'linux',
    'linux/',
    '/amd64',
    'linux/amd64/',
    'linux/amd64/v1/x',
    'li nux/amd64',
    'linux/amd64\n',
    'linux/../x',
    '*/*',
    '\u001b[2J/x',
  ]) {
    assert.throws(
      () => parsePlatform(text),
      (error: Error & { code?: string }) => error.code === 'REFERENCE_INVALID' && !error.message.includes('\u001b'),
      JSON.stringify(text),
    );
  }
});

test('hostPlatform translates what Node says to the names of Go', () => {
  const base: Host = { platform: 'linux', arch: 'x64', endianness: 'LE', armVersion: undefined };
  const rows: readonly (readonly [host: Partial<Host>, expected: string])[] = [
    [{}, 'linux/amd64'],
    [{ arch: 'arm64' }, 'linux/arm64'],
    [{ arch: 'arm', armVersion: '7' }, 'linux/arm/v7'],
    [{ arch: 'arm', armVersion: '6' }, 'linux/arm/v6'],
    [{ arch: 'arm' }, 'linux/arm'],
    [{ arch: 'ia32', platform: 'win32' }, 'windows/386'],
    [{ platform: 'darwin', arch: 'arm64' }, 'darwin/arm64'],
    [{ arch: 'ppc64' }, 'linux/ppc64le'],
    [{ arch: 'ppc64', endianness: 'BE' }, 'linux/ppc64'],
    [{ arch: 'mipsel' }, 'linux/mipsle'],
    [{ arch: 'riscv64' }, 'linux/riscv64'],
    [{ arch: 's390x', endianness: 'BE' }, 'linux/s390x'],
  ];
  for (const [host, expected] of rows) assert.equal(formatPlatform(hostPlatform({ ...base, ...host })), expected);
  assert.match(formatPlatform(hostPlatform()), /^[a-z0-9]+\/[a-z0-9]+/);
});

test('normalising keeps the version and the features', () => {
  const platform = { os: 'Windows', architecture: 'x64', 'os.version': '10.0.1', 'os.features': ['win32k'] };
  assert.deepEqual(normalisedPlatform(platform), { ...platform, os: 'windows', architecture: 'amd64' });
});
