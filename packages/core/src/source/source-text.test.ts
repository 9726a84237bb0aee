import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { nameFromPath, parseSource } from './source-text.ts';

test('what a source names follows from its text alone', () => {
  const cases: readonly (readonly [source: string, type: string, meaning: string])[] = [
    ['ghcr.io/acme/tool:1', 'reference', 'ghcr.io'],
    ['oci://ghcr.io/acme/tool', 'reference', 'ghcr.io'],
    ['tool', 'reference', 'docker.io'],
    ['tool.wasm', 'reference', 'docker.io'],
    ['oci-layout:dir:tag', 'reference', '/base/dir'],
    ['oci-layout:/abs', 'reference', '/abs'],
    ['./tool', 'path', '/base/tool'],
    ['../tool', 'path', '/tool'],
    ['.', 'path', '/base'],
    ['/abs/tool', 'path', '/abs/tool'],
    ['file:tool', 'path', '/base/tool'],
    ['https://example.com/a.tgz#x', 'url', 'https://example.com/a.tgz'],
    ['HTTPS://Example.com:443/a.tgz', 'url', 'https://example.com/a.tgz'],
  ];
  for (const [source, type, meaning] of cases) {
    const named = parseSource({ source, base: '/base' });
    assert.equal(named.type, type, source);
    const found =
      named.type === 'path'
        ? named.path
        : named.type === 'url'
          ? named.url.href
          : named.reference.kind === 'registry'
            ? named.reference.registry
            : named.reference.directory;
    assert.equal(found, meaning, source);
  }
});

test('A11: a URL that is refused shows neither password nor query', () => {
  for (const source of [
    'http://example.com/a.tgz?sig=canary',
    'https://user:canary@example.com/a.tgz',
    'https://canary@example.com/a.tgz',
    'https://[canary/a.tgz',
  ]) {
    assert.throws(
      () => parseSource({ source }),
      (error: unknown) => {
        assert.ok(error instanceof Error && 'code' in error);
        assert.equal(error.code, 'REFERENCE_INVALID');
        assert.doesNotMatch(inspect(error), /canary/);
        return true;
      },
      source,
    );
  }
});

test('a name from a path is its base name without the endings of archives and programs', () => {
  const cases = {
    '/x/tool': 'tool',
    '/x/tool.wasm': 'tool',
    'plugin-1.2.tgz': 'plugin-1.2',
    'a.tar.gz': 'a',
    'a.EXE': 'a',
    '.wasm': '.wasm',
    'a.so': 'a.so',
  };
  for (const [path, name] of Object.entries(cases)) assert.equal(nameFromPath(path), name, path);
});
