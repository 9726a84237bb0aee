/** One replacement in a text: what stands from `start` to `end` becomes `text`. Offsets in UTF-16 units. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Lines around a change that are shown with it, as `diff -u` does. */
const CONTEXT = 3;

/** Lines that are replaced. */
interface Change {
  /** First line that is replaced, from 0. */
  readonly at: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** The text with all edits made. They must not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, text: inserted } of inOrder(edits)) {
    result += text.slice(at, start) + inserted;
    at = end;
  }
  return result + text.slice(at);
}

/** What the edits change, as `diff -u` writes it; empty when they change nothing. `name` is that of the file. */
export function unifiedDiff(name: string, text: string, edits: readonly TextEdit[]): string {
  const changes = changesOf(text, edits);
  if (changes.length === 0) return '';
  const lines = text.split('\n');
  // What follows the last line break is no line.
  const ended = lines.at(-1) === '';
  if (ended) lines.pop();
  let shift = 0;
  const hunks = grouped(changes).map((group) => {
    const hunk = hunkOf(lines, ended, group, shift);
    shift += group.reduce((sum, { added, removed }) => sum + added.length - removed.length, 0);
    return hunk;
  });
  return [`--- a/${name}`, `+++ b/${name}`, ...hunks.flat(), ''].join('\n');
}

function inOrder(edits: readonly TextEdit[]): readonly TextEdit[] {
  return edits.toSorted((a, b) => a.start - b.start);
}

function changesOf(text: string, edits: readonly TextEdit[]): readonly Change[] {
  const spans: { from: number; to: number; edits: TextEdit[] }[] = [];
  for (const edit of inOrder(edits)) {
    const from = text.lastIndexOf('\n', edit.start - 1) + 1;
    const newline = text.indexOf('\n', edit.end);
    const to = newline < 0 ? text.length : newline;
    const last = spans.at(-1);
    if (last !== undefined && from <= last.to) {
      last.to = Math.max(last.to, to);
      last.edits.push(edit);
    } else {
      spans.push({ from, to, edits: [edit] });
    }
  }
  return spans.flatMap(({ from, to, edits: inside }) => {
    const before = text.slice(from, to);
    const moved = inside.map(({ start, end, text: inserted }) => ({
      start: start - from,
      end: end - from,
      text: inserted,
    }));
    return trimmed(countLines(text, from), before.split('\n'), applyEdits(before, moved).split('\n'));
  });
}

/** The change without the lines that are the same at its beginning and end. */
function trimmed(at: number, before: readonly string[], after: readonly string[]): readonly Change[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const removed = before.slice(head, before.length - tail);
  const added = after.slice(head, after.length - tail);
  return removed.length + added.length === 0 ? [] : [{ at: at + head, removed, added }];
}

function countLines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/** Changes whose contexts touch are shown together. */
function grouped(changes: readonly Change[]): readonly (readonly Change[])[] {
  const groups: Change[][] = [];
  for (const change of changes) {
    const last = groups.at(-1)?.at(-1);
    if (last !== undefined && change.at - (last.at + last.removed.length) <= 2 * CONTEXT) groups.at(-1)?.push(change);
    else groups.push([change]);
  }
  return groups;
}

function hunkOf(lines: readonly string[], ended: boolean, group: readonly Change[], shift: number): readonly string[] {
  const [first] = group;
  const last = group.at(-1);
  if (first === undefined || last === undefined) return [];
  const start = Math.max(0, first.at - CONTEXT);
  const end = Math.min(lines.length, last.at + last.removed.length + CONTEXT);
  const body: string[] = [];
  let at = start;
  for (const { at: from, removed, added } of group) {
    body.push(...lines.slice(at, from).map((line) => ` ${line}`));
    body.push(...removed.map((line) => `-${line}`), ...added.map((line) => `+${line}`));
    at = from + removed.length;
  }
  body.push(...lines.slice(at, end).map((line) => ` ${line}`));
  const [before, after] = [
    body.filter((line) => line[0] !== '+').length,
    body.filter((line) => line[0] !== '-').length,
  ];
  if (!ended && end === lines.length) markUnended(body);
  return [`@@ -${start + 1},${before} +${start + 1 + shift},${after} @@`, ...body];
}

/** Says of the last line, before and after the change, that no line break follows it. */
function markUnended(body: string[]): void {
  const before = body.findLastIndex((line) => line[0] !== '+');
  const after = body.findLastIndex((line) => line[0] !== '-');
  for (const index of new Set([Math.max(before, after), Math.min(before, after)])) {
    body.splice(index + 1, 0, '\\ No newline at end of file');
  }
}
