import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeClock, fakeEnvironment } from '@gantry/testkit';
import { readToken } from './token-answer.ts';

const read = (document: unknown, limits = {}): { value: string; expiresAt: number } =>
  readToken(Buffer.from(JSON.stringify(document)), 'https://auth.test/token', fakeEnvironment({ clock: fakeClock() }), {
    limits,
  });

test('F7: how long a token is kept, whatever expires_in says', () => {
  const SIXTY = 55_000;
  const table: readonly (readonly [unknown, number])[] = [
    [300, 295_000],
    [undefined, SIXTY],
    [0, SIXTY],
    [-1, SIXTY],
    ['300', SIXTY],
    [null, SIXTY],
    [1, 500],
    [1e300, 3_595_000],
    [3600, 3_595_000],
    [3601, 3_595_000],
  ];
  for (const [expires_in, expected] of table) {
    assert.equal(read({ token: 't', expires_in }).expiresAt, expected, String(expires_in));
  }
  assert.equal(read({ token: 't', expires_in: 300, issued_at: '2099-01-01T00:00:00Z' }).expiresAt, 295_000);
  assert.equal(read({ token: 't', expires_in: 300 }, { tokenLifetime: 100_000 }).expiresAt, 95_000);
});

test('the token, under either name', () => {
  assert.equal(read({ token: 'a', access_token: 'b' }).value, 'a');
  assert.equal(read({ access_token: 'b' }).value, 'b');
  assert.equal(read({ token: '', access_token: 'b' }).value, 'b');
});

test('A15: an answer without a token that fits into a header is refused, unquoted', () => {
  for (const document of [
    {},
    [],
    null,
    'x',
    { token: 5 },
    { token: 'c4nary\r\nx: y' },
    { token: 'c4nary b' },
    { token: 'é' },
  ]) {
    assert.throws(
      () => read(document),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'REGISTRY_PROTOCOL');
        assert.doesNotMatch(error.message, /c4nary/);
        return true;
      },
    );
  }
});
