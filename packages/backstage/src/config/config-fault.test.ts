import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyWithoutSecrets, shown, withoutSecrets } from './config-fault.ts';

test('A11: URLs lose userinfo and query wherever they stand; everything else stays', () => {
  for (const [text, expected] of [
    ['https://user:p@ss@host.example:8443/x.tgz?token=t#f', 'https://host.example:8443/x.tgz'],
    ['x@HTTP://token@host/x.tgz', 'x@HTTP://host/x.tgz'],
    ['two: https://a:b@c/d and https://e/f?g=https://h:i@j/k&l', 'two: https://c/d and https://e/f'],
    ['oci://host.example/acme/one@sha256:00!one', 'oci://host.example/acme/one@sha256:00!one'],
    ['@acme/one@1.0.0?', '@acme/one@1.0.0?'],
    ['git+ssh://git@github.com/u/r#main', 'git+ssh://git@github.com/u/r#main'],
  ] as const) {
    assert.equal(withoutSecrets(text), expected);
  }
});

test('A11: a key that ends within the userinfo of a URL is shown as the URL', () => {
  assert.equal(keyWithoutSecrets('https://user:secret', 'https://user:secret@host/x.tgz'), 'https://host/x.tgz');
  assert.equal(keyWithoutSecrets('@acme/one', '@acme/one@1.0.0'), '@acme/one');
});

test('G5: what nearly is a URL costs no more than its length', () => {
  for (const part of ['https://', 'https://a:', 'https://a@', '@', 'http']) {
    const text = part.repeat(1_000_000 / part.length);
    assert.ok(shown(text).length <= 1200, part);
  }
});
