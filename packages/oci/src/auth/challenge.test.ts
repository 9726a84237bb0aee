import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges } from './challenge.ts';

const show = (...headers: string[]): unknown[] =>
  parseChallenges(headers).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test('challenges, alone and several in one header or in many', () => {
  assert.deepEqual(show('Bearer realm="https://a/token",service="s",scope="repository:x:pull,push"'), [
    ['bearer', { realm: 'https://a/token', service: 's', scope: 'repository:x:pull,push' }],
  ]);
  assert.deepEqual(show('Basic realm="a, b", Bearer realm=x , service=y,Negotiate'), [
    ['basic', { realm: 'a, b' }],
    ['bearer', { realm: 'x', service: 'y' }],
    ['negotiate', {}],
  ]);
  assert.deepEqual(show('Negotiate dG9rZW4=, Basic realm="r"'), [
    ['negotiate', {}],
    ['basic', { realm: 'r' }],
  ]);
  assert.deepEqual(show('BEARER REALM="a\\"b\\\\c"', 'Basic'), [
    ['bearer', { realm: 'a"b\\c' }],
    ['basic', {}],
  ]);
  assert.deepEqual(show('Bearer realm="first",realm="second"'), [['bearer', { realm: 'first' }]]);
  assert.deepEqual(show(' , ,Basic realm = "r" , , Digest qop="auth"'), [
    ['basic', { realm: 'r' }],
    ['digest', { qop: 'auth' }],
  ]);
});

test('what is malformed ends the reading', () => {
  assert.deepEqual(show(''), []);
  assert.deepEqual(show('"quoted"'), []);
  assert.deepEqual(show('Bearer realm="open'), [['bearer', {}]]);
  assert.deepEqual(show('Bearer realm="a" service="b"'), [['bearer', {}]]);
});

test('reading takes no more than linear time', { timeout: 5000 }, () => {
  for (const text of ['Bearer ', 'a=', 'a="', ',', '\\"', 'Bearer a="b",', ' ']) parseChallenges([text.repeat(20_000)]);
});
