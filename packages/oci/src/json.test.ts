import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from './json.ts';

const INVALID = { code: 'CONTENT_INVALID' };
const LIMIT = { code: 'CONTENT_LIMIT' };

/** The value with ordinary prototypes, to compare with JSON.parse. */
function ordinary(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('what is good JSON everywhere is read as JSON.parse reads it', () => {
  for (const text of [
    '{}',
    '[]',
    ' [ 1 , -2 , 0 , 1.5 , 2.5e-3 , true , false , null , "" ] ',
    '"\\u00e9\\n\\/\\\\ é \\ud83d\\ude00 😀"',
    '{"a":{"b":[{"c":null}]},"":1," ":2}',
    '9007199254740991',
    '-9007199254740991',
    '\t\r\n1\n',
  ]) {
    assert.deepEqual(ordinary(parseJson(text)), JSON.parse(text), text);
    assert.deepEqual(ordinary(parseJson(new TextEncoder().encode(text))), JSON.parse(text), text);
  }
});

test('B5: documents that parsers read differently are refused', () => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"x":[{"a":1,"b":{"k":1,"k":1}}]}',
    '{"__proto__":1,"__proto__":2}',
    '\ufeff{}',
    '{} {}',
    '{}x',
    '[1,]',
    '{"a":1,}',
    '[,1]',
    '{a:1}',
    "{'a':1}",
    '// c\n{}',
    '[1 2]',
    '{"a" 1}',
    '01',
    '+1',
    '.5',
    '1.',
    '1e',
    '0x10',
    'NaN',
    'Infinity',
    '-Infinity',
    '-',
    'nul',
    'True',
    '',
    ' ',
    '[',
    '{',
    '{"a"',
    '{"a":',
    '"',
    '"a',
    '"\t"',
    '"\0"',
    '"\\x41"',
    '"\\u12g4"',
    '"\\',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '{"\\ud800":1}',
    '\u00a01',
    '[1]\u2028',
  ]) {
    assert.throws(() => parseJson(text), INVALID, JSON.stringify(text));
    assert.throws(() => parseJson(new TextEncoder().encode(text)), INVALID, JSON.stringify(text));
  }
});

test('B5: bytes that are not UTF-8, and a lone surrogate in a text, are refused', () => {
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xc0, 0xaf, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0xef, 0xbb, 0xbf, 0x31],
    [0xfe, 0xff, 0x00, 0x31],
  ]) {
    assert.throws(() => parseJson(new Uint8Array(bytes)), INVALID);
  }
  assert.throws(() => parseJson('"\ud800"'), INVALID);
});

test('B2: integers that would lose digits, or that parsers disagree about, are refused', () => {
  for (const token of [
    '9007199254740992',
    '9007199254740993',
    '4611686018427387904',
    '-9007199254740993',
    '1e3',
    '1E+2',
    '1.0',
    '-0',
    '-0.0',
    '1e400',
    '1e-400',
  ]) {
    assert.throws(() => parseJson(`{"size":${token}}`), INVALID, token);
  }
});

test('G1: __proto__ is a key like any other and changes no prototype', () => {
  const value = parseJson(
    '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"a":{"__proto__":null}}',
  ) as Record<string, unknown>;
  assert.equal(Object.getPrototypeOf(value), null);
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor', 'a']);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  assert.equal('toString' in value, false);
});

test('depth holds at n-1, n and n+1, and absurd depth is an error rather than a stack overflow', () => {
  const op = { limits: { jsonDepth: 5 } };
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  assert.ok(parseJson(nested(4), op));
  assert.ok(parseJson(nested(5), op));
  assert.throws(() => parseJson(nested(6), op), LIMIT);
  assert.throws(() => parseJson('{"a":'.repeat(6), op), LIMIT);
  assert.ok(parseJson('[[],[],[],[],[],[],[]]', { limits: { jsonDepth: 2 } }), 'siblings are not depth');
  assert.throws(() => parseJson('['.repeat(2_000_000)), LIMIT);
});

test('B2: the number of values holds at n-1, n and n+1: many small ones are large in memory', () => {
  const op = { limits: { jsonValues: 4 } };
  for (const text of ['[{},{}]', '[{},{},1]', '{"a":[1,2]}', '[1,2,null]']) assert.ok(parseJson(text, op), text);
  for (const text of ['[{},{},1,2]', '{"a":[1,2,3]}']) assert.throws(() => parseJson(text, op), LIMIT, text);
  assert.throws(() => parseJson(`[${'{},'.repeat(1_300_000)}{}]`), LIMIT);
});

test('size holds at n-1, n and n+1, in bytes and not in characters', () => {
  const op = { limits: { manifestBytes: 6 } };
  assert.equal(parseJson('"abc"', op), 'abc');
  assert.equal(parseJson('"éé"', op), 'éé');
  assert.throws(() => parseJson('"ééa"', op), LIMIT);
  assert.throws(() => parseJson(new Uint8Array(7), op), LIMIT);
  assert.throws(() => parseJson('"abc"', { limits: { tokenBytes: 4 } }, 'tokenBytes'), LIMIT);
});

test('errors carry the offset, and remote keys are escaped in them', () => {
  assert.throws(() => parseJson('{"a":1,"a":2}'), { message: /"a" is there twice \(offset 7\)/ });
  assert.throws(
    () => parseJson('{"\\u001b[2J":1,"\\u001b[2J":2}'),
    (error: Error) => !error.message.includes('\u001b'),
  );
});

test('property: every JSON value survives, and mangled text is read as JSON.parse reads it or refused', () => {
  const plain = fc
    .jsonValue()
    .filter((value) => !/-0|\d[eE]|\.0\b|\d{16}/.test(JSON.stringify(value)) && JSON.stringify(value).isWellFormed());
  fc.assert(
    fc.property(plain, fc.integer({ min: 0, max: 2 }), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      assert.deepEqual(ordinary(parseJson(text, { limits: { jsonDepth: 1000 } })), JSON.parse(text));
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]":,\\u0a1.eE+-tn \n'), maxLength: 12 }), (text) => {
      let ours: unknown;
      try {
        ours = parseJson(text);
      } catch {
        return;
      }
      assert.deepEqual(ordinary(ours), JSON.parse(text));
    }),
    { numRuns: 2000 },
  );
});
