import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TextRule } from './requirement.ts';
import { checkTextRule, compileTextRule, matchesText, textOfRule } from './text-rule.ts';

const WORKFLOW = 'https://github.com/acme/plugins/.github/workflows/release.yml@refs/heads/main';

test('C3: exact text matches itself and nothing that merely looks like it', async () => {
  const rule: TextRule = { exact: WORKFLOW };
  assert.equal(await matchesText(rule, WORKFLOW), true);
  const others = [
    '',
    `x${WORKFLOW}`,
    `${WORKFLOW}x`,
    `${WORKFLOW}\n`,
    `\n${WORKFLOW}`,
    `${WORKFLOW}\0`,
    `${WORKFLOW}\0.evil.example`,
    `${WORKFLOW} `,
    `${WORKFLOW}/`,
    `${WORKFLOW},${WORKFLOW}`,
    WORKFLOW.toUpperCase(),
    WORKFLOW.replace('github.com', 'github-com'),
    WORKFLOW.replace('github.com', 'GitHub.com'),
    // Cyrillic a, full-width full stop, a with a combining accent.
    WORKFLOW.replace('acme', '\u0430cme'),
    WORKFLOW.replace('github.com', 'github\uff0ecom'),
    WORKFLOW.replace('acme', 'a\u0301cme'),
    WORKFLOW.replace('acme', '%61cme'),
  ];
  for (const other of others) assert.equal(await matchesText(rule, other), false, JSON.stringify(other));
  assert.equal(await matchesText({ exact: '\u00e1' }, 'a\u0301'), false, 'nothing is normalised');
});

test('C3: a glob matches the whole text, and * stays within a segment', async () => {
  const cases: readonly (readonly [pattern: string, matching: readonly string[], other: readonly string[]])[] = [
    ['*a*b', ['ab', 'xab', 'axb', 'aab'], ['b', 'ba', 'abx', '']],
    [
      'refs/tags/v*',
      ['refs/tags/v', 'refs/tags/v1.2.3', 'refs/tags/v*', 'refs/tags/v1\n'],
      ['refs/tags/V1', 'refs/tags/x1', 'refs/tags/v1/evil', 'refs/heads/refs/tags/v1', 'xrefs/tags/v1', 'refs/tags'],
    ],
    [
      'https://github.com/acme/*/.github/workflows/release.yml@refs/tags/v*',
      ['https://github.com/acme/a/.github/workflows/release.yml@refs/tags/v1'],
      [
        'https://github.com/acme/a/b/.github/workflows/release.yml@refs/tags/v1',
        'https://github.com/acme-evil/a/.github/workflows/release.yml@refs/tags/v1',
        'https://github.com/acme/a/.github/workflows/releaseXyml@refs/tags/v1',
        'https://evil.example/https://github.com/acme/a/.github/workflows/release.yml@refs/tags/v1',
      ],
    ],
    ['*@example.com', ['a@example.com', '@example.com'], ['a@example.com.evil', 'a@exampleXcom', 'a/b@example.com']],
    ['a*b*c', ['abc', 'aXbYc', 'abbc', 'abcbc'], ['ac', 'acb', 'abcd', 'ab', 'bc']],
    ['a*a', ['aa', 'aba'], ['a', 'ab', 'ba']],
    ['ab*ba', ['abba', 'abxba'], ['aba']],
    ['*', ['', 'x', '\n'], ['/', 'a/b']],
    ['a.[b]?(c)|$^+{1}', ['a.[b]?(c)|$^+{1}'], ['aXb', 'a.b']],
  ];
  for (const [pattern, matching, other] of cases) {
    const matches = await compileTextRule({ pattern });
    for (const text of matching) assert.equal(matches(text), true, `${pattern} ${JSON.stringify(text)}`);
    for (const text of other) assert.equal(matches(text), false, `${pattern} ${JSON.stringify(text)}`);
  }
});

test('C3: a regular expression matches the whole text, whatever it says about lines and ends', async () => {
  const cases: readonly (readonly [pattern: string, matching: readonly string[], other: readonly string[]])[] = [
    ['/acme/', ['acme'], ['acme-evil', 'evil-acme', 'acme\n', '\nacme', 'ACME', 'acme\0']],
    ['/a|ab/', ['a', 'ab'], ['abc', 'b', 'aab']],
    ['/(?m)^a$/', ['a'], ['a\nb', 'b\na', 'a\n']],
    ['/a.c/', ['abc', 'a/c'], ['a\nc', 'xabc']],
    ['/(?i)acme/', ['AcMe'], ['\u0430cme']],
    ['/\\Aa\\z|b/', ['a', 'b'], ['ab', 'cb']],
    ['/https://github\\.com/acme/[^/]+/', ['https://github.com/acme/x'], ['https://githubXcom/acme/x']],
  ];
  for (const [pattern, matching, other] of cases) {
    assert.equal(await checkTextRule({ pattern }), undefined, pattern);
    const matches = await compileTextRule({ pattern });
    for (const text of matching) assert.equal(matches(text), true, `${pattern} ${JSON.stringify(text)}`);
    for (const text of other) assert.equal(matches(text), false, `${pattern} ${JSON.stringify(text)}`);
  }
});

test('C3: a pattern that backtracking takes for ever over is answered', async () => {
  const text = `${'a'.repeat(50_000)}!`;
  for (const pattern of ['/(a+)+/', '/(a|a)*/', '/(.*a){20}/', `${'a*'.repeat(200)}b`]) {
    assert.equal(await matchesText({ pattern }, text), false, pattern);
  }
});

test('C2: a rule that cannot be meant is told', async () => {
  const cases: readonly (readonly [rule: TextRule, problem: RegExp | undefined])[] = [
    [{ exact: WORKFLOW }, undefined],
    [{ exact: '' }, /not empty/],
    [{ exact: 'https://github.com/acme/*' }, /compared exactly/],
    [{ pattern: 'refs/tags/v*' }, undefined],
    [{ pattern: '' }, /not empty/],
    [{ pattern: '//' }, /empty/],
    [{ pattern: '/abc' }, /begins and ends with/],
    [{ pattern: 'refs/**' }, /\*\* for nothing/],
    [{ pattern: '/a(/' }, /RE2/],
    [{ pattern: '/(?=a)b/' }, /RE2/],
    [{ pattern: '/(a)\\1/' }, /RE2/],
    [{ pattern: '/a{100000}/' }, /RE2/],
    [{ pattern: '/((a{1000}){1000}){1000}/' }, /RE2/],
  ];
  for (const [rule, problem] of cases) {
    const found = await checkTextRule(rule);
    if (problem === undefined) assert.equal(found, undefined, textOfRule(rule));
    else assert.match(found ?? 'nothing', problem, textOfRule(rule));
  }
});
