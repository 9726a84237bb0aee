import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseContentRange, uploadedBytes } from './content-range.ts';

test('Content-Range of an answer', () => {
  assert.deepEqual(parseContentRange('bytes 5-9/10'), { start: 5, end: 9, total: 10 });
  assert.deepEqual(parseContentRange('bytes 0-0/*'), { start: 0, end: 0, total: undefined });
  const bad = [
    'bytes 9-5/10',
    'bytes 5-10/10',
    'bytes */10',
    'items 1-2/3',
    'bytes 1-2',
    '',
    'bytes -1-2/3',
    'bytes 1e1-20/30',
  ];
  for (const header of [undefined, ...bad, `bytes 1-${'9'.repeat(16)}/*`]) {
    assert.equal(parseContentRange(header), undefined, String(header));
  }
});

test('Range of an upload', () => {
  assert.equal(uploadedBytes('0-99'), 100);
  assert.equal(uploadedBytes('bytes=0-99'), 100);
  assert.equal(uploadedBytes('0-0'), 0);
  for (const header of [undefined, '', '5-9', '0--1', '0-x', `0-${'9'.repeat(16)}`]) {
    assert.equal(uploadedBytes(header), undefined, String(header));
  }
});
