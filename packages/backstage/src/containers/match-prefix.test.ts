import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchPrefix } from './match-prefix.ts';

test('a prefix of registries.conf takes whole parts of a name, a star any number of subdomains', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const cases: readonly (readonly [name: string, prefix: string, taken: string | undefined])[] = [
    ['example.com/foo/bar:1', 'example.com', 'example.com'],
    ['example.com/foo/bar:1', 'example.com/foo', 'example.com/foo'],
    ['example.com/foo/bar:1', 'example.com/foo/bar', 'example.com/foo/bar'],
    ['example.com/foo/bar:1', 'example.com/foo/bar:1', 'example.com/foo/bar:1'],
    ['example.com/foo/bar:12', 'example.com/foo/bar:1', undefined],
    [`example.com/foo@${digest}`, 'example.com/foo', 'example.com/foo'],
    [`example.com/foo@${digest}`, `example.com/foo@${digest}`, `example.com/foo@${digest}`],
    ['example.com/foobar', 'example.com/foo', undefined],
    ['example.comx/foo', 'example.com', undefined],
    ['example.com:5000/foo', 'example.com', 'example.com'],
    ['example.com:5000/foo', 'example.com:5000', 'example.com:5000'],
    ['example.com/foo', 'example.com:5000', undefined],
    ['a.example.com/foo', 'example.com', undefined],
    ['a.example.com/foo', '*.example.com', 'a.example.com'],
    ['a.b.example.com/foo', '*.example.com', 'a.b.example.com'],
    ['a.example.com:5000/foo', '*.example.com', 'a.example.com'],
    ['example.com/foo', '*.example.com', undefined],
    ['evil.org/a.example.com/foo', '*.example.com', undefined],
    ['a.example.com.evil.org/foo', '*.example.com', undefined],
  ];
  for (const [name, prefix, taken] of cases) {
    const length = matchPrefix(name, prefix);
    assert.equal(length === undefined ? undefined : name.slice(0, length), taken, `${prefix} ~ ${name}`);
  }
});
