import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHasher, digestAlgorithm, digestHex, digestOf, isDigest, parseDigest } from './digest.ts';
import { isGantryError } from './errors.ts';

const EMPTY_256 = `sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`;

test('digestOf hashes with both algorithms', () => {
  assert.equal(digestOf(new Uint8Array()), EMPTY_256);
  const long = digestOf(new TextEncoder().encode('abc'), 'sha512');
  assert.match(long, /^sha512:ddaf35a193617abacc417349ae204131/);
  assert.equal(digestHex(long).length, 128);
  assert.equal(digestAlgorithm(long), 'sha512');
});

test('a hasher gives the same digest whatever the pieces', () => {
  const bytes = new TextEncoder().encode('the quick brown fox');
  for (const size of [1, 3, 7, bytes.length]) {
    const hasher = createHasher('sha256');
    for (let at = 0; at < bytes.length; at += size) hasher.update(bytes.subarray(at, at + size));
    assert.equal(hasher.digest(), digestOf(bytes));
  }
});

test('parseDigest accepts what the image-spec registers', () => {
  assert.equal(parseDigest(EMPTY_256), EMPTY_256);
  const long = `sha512:${'0f'.repeat(64)}`;
  assert.equal(parseDigest(long), long);
  assert.ok(isDigest(long));
});

test('parseDigest points at the offending column', () => {
  const hex = 'a'.repeat(64);
  const rows: readonly [text: string, column: number, says: RegExp][] = [
    ['', 1, /algorithm:hex/],
    ['sha256', 7, /algorithm:hex/],
    [`md5:${'a'.repeat(32)}`, 1, /sha256 or sha512/],
    [`SHA256:${hex}`, 1, /sha256 or sha512/],
    [`sha256:${hex.slice(1)}`, 8, /64 hexadecimal digits, found 63/],
    [`sha256:${hex}a`, 8, /found 65/],
    [`sha256:aa${'A'.repeat(62)}`, 10, /lower-case/],
    [`sha256:${hex.slice(1)}/`, 71, /lower-case/],
    [`sha256:${hex}\n`, 72, /lower-case/],
    ['sha512:', 8, /128 hexadecimal digits, found 0/],
  ];
  for (const [text, column, says] of rows) {
    assert.throws(
      () => parseDigest(text),
      (error) =>
        isGantryError(error) &&
        error.code === 'REFERENCE_INVALID' &&
        error.details['column'] === column &&
        says.test(error.message),
      text,
    );
    assert.equal(isDigest(text), false);
  }
});
