import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEdits, type TextEdit, unifiedDiff } from './line-diff.ts';

/** What `patch` does: every context and removed line has to be where the hunk says. */
function patched(text: string, diff: string): string {
  const before = text.split('\n');
  const after: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2, -1)) {
    const head = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line);
    if (head !== null) {
      const start = Number(head[1]) - 1;
      after.push(...before.slice(at, start));
      at = start;
      assert.equal(after.length, Number(head[3]) - 1, line);
      continue;
    }
    if (line[0] !== '+') assert.equal(before[at++], line.slice(1));
    if (line[0] !== '-') after.push(line.slice(1));
  }
  return [...after, ...before.slice(at)].join('\n');
}

test('a diff is one that patch applies, wherever the changes are', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  const texts = [lines.join('\n'), `${lines.join('\n')}\n`, 'one\n'];
  let random = 7;
  const next = (below: number): number => {
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
    return random % below;
  };
  for (let round = 0; round < 60; round++) {
    const text = texts[round % 2 === 0 ? 1 : 2] ?? '';
    const places = [...new Set(Array.from({ length: 1 + next(4) }, () => next(text.length - 1)))];
    const edits = places.map(
      (start): TextEdit => ({
        start,
        end: start,
        text: ['x', 'new\nline', '\nmore\n'][next(3)] ?? '',
      }),
    );
    assert.equal(patched(text, unifiedDiff('file', text, edits)), applyEdits(text, edits));
  }
});

test('a diff shows three lines around a change, and nothing where nothing changes', () => {
  const text = 'a\nb\nc\nd\ne\nf\ng\nh\n';
  const edits = [{ start: 8, end: 9, text: 'E' }];
  assert.equal(
    unifiedDiff('x.yaml', text, edits),
    '--- a/x.yaml\n+++ b/x.yaml\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n',
  );
  const unended = unifiedDiff('x', 'a\nb', [{ start: 3, end: 3, text: '\nc' }]);
  const mark = '\\ No newline at end of file';
  assert.equal(unended, `--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n a\n b\n${mark}\n+c\n${mark}\n`);
  assert.equal(unifiedDiff('x.yaml', text, []), '');
  assert.equal(unifiedDiff('x.yaml', text, [{ start: 8, end: 9, text: 'e' }]), '');
});
