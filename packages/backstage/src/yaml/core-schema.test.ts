import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { coreSchemaValue } from './core-schema.ts';

const WORDS = [
  '~',
  'null',
  'Null',
  'NULL',
  'nULL',
  'true',
  'True',
  'TRUE',
  'yes',
  'false',
  'FALSE',
  '.inf',
  '-.Inf',
  '+.INF',
];
const NUMBERS = [
  '0',
  '-0',
  '+1',
  '007',
  '0o17',
  '0x1F',
  '-0x1F',
  '0b1',
  '1.',
  '.5',
  '-.5',
  '1.50',
  '1e3',
  '1E-5',
  '.e1',
  '1:30',
];

/** What the library makes of a scalar that the schema knows. */
function read(text: string): unknown {
  const scalar = coreSchemaValue(text, { file: 'f', line: 1, column: 1 });
  if (scalar.type === 'null') return null;
  return scalar.type === 'integer' ? Number(scalar.value) : scalar.value;
}

test('scalars are what the reader that Backstage uses makes of them', () => {
  for (const text of [...WORDS, ...NUMBERS, '.nan', '.NaN', 'text', '2024-01-02', '1_000']) {
    assert.deepEqual(Number(read(text)) + 0, Number(parse(text)) + 0, text);
    assert.equal(typeof read(text), typeof parse(text), text);
  }
});

test('random scalars are what that reader makes of them', () => {
  const piece = fc.constantFrom(...'0123456789+-.eExobaf_:~nulTtrFs'.split(''), 'null', 'true', 'inf', 'nan');
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
      const text = pieces.join('');
      // A colon at the end makes a map of it, a lone dash a list.
      fc.pre(!/:$|^-$|^---|^\.\.\./.test(text));
      const expected = parse(text);
      if (typeof expected === 'number') assert.equal(Number(read(text)) + 0, expected + 0, text);
      else assert.deepEqual(read(text), expected, text);
    }),
    { numRuns: 5000 },
  );
});
