import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeRemote, redactRemote } from './escape.ts';

test('characters that act on a terminal are written out', () => {
  assert.equal(escapeRemote('a\u001b[2Jb'), 'a\\u{1b}[2Jb');
  assert.equal(escapeRemote('x\r\ny\u0007\u0085'), 'x\\u{d}\\u{a}y\\u{7}\\u{85}');
  assert.equal(escapeRemote('\u202egpj\u2066\u200b\ufeff'), '\\u{202e}gpj\\u{2066}\\u{200b}\\u{feff}');
  assert.equal(escapeRemote('\ud800 \u{e0041}\u2028'), '\\u{d800} \\u{e0041}\\u{2028}');
  assert.equal(escapeRemote('Grüße, 世界 👋 "quoted" \\'), 'Grüße, 世界 👋 "quoted" \\');
});

test('text is capped, never inside a character', () => {
  assert.equal(escapeRemote('abc', 3), 'abc');
  assert.equal(escapeRemote('abcd', 3), 'abc…');
  assert.equal(escapeRemote('ab👋', 3), 'ab…');
  assert.equal(escapeRemote('x'.repeat(1_000_000)).length, 201);
});

test('A11: what looks like a secret is taken out of remote text', () => {
  const table: readonly (readonly [string, string])[] = [
    ['bad Bearer abc.def-ghi', 'bad Bearer [redacted]'],
    ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: [redacted]'],
    ['see https://user:pass@host/path', 'see https://[redacted]@host/path'],
    ['at https://host/p?sig=abc&x=1 now', 'at https://host/p?[redacted] now'],
    ['{"access_token":"abc","x":1}', '{"access_token":[redacted],"x":1}'],
    ['{"Refresh_Token" : "a b c"}', '{"Refresh_Token" : [redacted]}'],
    ['password=abc, other', 'password=[redacted], other'],
    ['what? nothing', 'what? nothing'],
  ];
  for (const [text, expected] of table) assert.match(redactRemote(text), exactly(expected));
  assert.equal(redactRemote('you sent hunter2!', ['hunter2']), 'you sent [redacted]!');
});

test('long hostile text takes no time to clean', { timeout: 5000 }, () => {
  for (const text of ['a', '-', 'token', '://', '?a=', '"', 'Bearer '])
    redactRemote(text.repeat(200_000), ['a'.repeat(50)]);
});

function exactly(text: string): RegExp {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // A value may be taken out by two rules in a row.
  return new RegExp(`^${escaped.replaceAll('\\[redacted\\]', '\\[redacted\\]( \\[redacted\\])?')}$`);
}
