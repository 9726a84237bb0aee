import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextLink } from './link-header.ts';

const cases: readonly [header: string, next: string | undefined][] = [
  ['</v2/a/tags/list?last=x>; rel="next"', '/v2/a/tags/list?last=x'],
  ['</x>; rel=next', '/x'],
  ['</x>;rel="NEXT"', '/x'],
  ['</x>; title="a, b; rel=next"; rel="next"', '/x'],
  ['</first>; rel="first", </x>; rel="next"', '/x'],
  ['</x>; rel="last next"', '/x'],
  ['<a,b>; rel="next"', 'a,b'],
  ['</x>; title="say \\"next\\", twice", </y>; rel=next', '/y'],
  ['</x>; rel="prev"', undefined],
  ['</x>; title="rel=next"', undefined],
  ['</x>; rel="nextish"', undefined],
  ['</x', undefined],
  ['/x; rel="next"', undefined],
  ['', undefined],
  ['<>; rel=next', ''],
];

for (const [header, next] of cases) {
  test(`the next link of ${JSON.stringify(header)} is ${JSON.stringify(next)}`, () => {
    assert.equal(nextLink(header), next);
  });
}

test('a hostile header takes linear time', () => {
  for (const text of ['<', '<>', '<>,', '<>;"', '<>; rel="', '\\'])
    assert.equal(nextLink(text.repeat(100_000)), undefined);
});
