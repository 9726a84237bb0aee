import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEntries, type WrittenEntry } from '../config/written-entry.ts';
import { silentLog } from '../install/log-sink.ts';
import { plainValue } from '../yaml/plain-value.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import { editEntries } from './edit-entries.ts';
import { applyEdits } from './line-diff.ts';
import type { Pin } from './pin-entries.ts';

/** Numbers that are the same in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

const SCALARS: readonly ((text: string, indent: string) => string)[] = [
  (text) => (text.startsWith('@') ? `'${text}'` : text),
  (text) => `'${text}'`,
  (text) => `"${text}"`,
  (text) => `&anchor${text.length} "${text}"`,
  (text) => `!!str '${text}'`,
  (text, indent) => `>-\n${indent}    ${text}`,
  (text, indent) => `|-\n${indent}  ${text}\n`,
];

/** A file of plugins in one of the many ways that people write them. */
function file(next: (below: number) => number): string {
  const pick = <T>(list: readonly [T, ...T[]]): T => list[next(list.length)] ?? list[0];
  const anchors = new Set<string>();
  const entry = (index: number): string => {
    const text = pick([
      `oci://host.example:5000/a/b${index}:1.${index}!p`,
      `@scope/name${index}@^1.0.0`,
      `plain${index}`,
    ]);
    const gap = pick([' ', '  ']);
    const indent = `  ${' '.repeat(1 + gap.length)}`;
    const value = SCALARS[next(SCALARS.length)]?.(text, indent) ?? text;
    const anchor = /&\w+/.exec(value)?.[0] ?? '';
    if (anchors.has(anchor) && anchor !== '') return `  -${gap}package: "${text}"`;
    anchors.add(anchor);
    if (next(4) === 0) return `  - {disabled: no, package: "${text}" , x: [1, {y: 2}]} # flow`;
    const others =
      [
        ['disabled: false # why', '# a comment of its own', 'pluginConfig: {a: 0777, b: [yes, "no"]}'],
        ['pluginConfig:', '    a: &c [1,2]   # deep', '    "b": *c'],
        [],
        ['integrity:'],
        ['integrity: ~ # none'],
      ][next(5)]?.map((line) => line.replace(/&c|\*c/, (name) => `${name}${index}`)) ?? [];
    const fields = next(2) === 0 ? [`package: ${value}`, ...others] : [...others, `package: ${value}`];
    const [first = '', ...rest] = fields;
    const head = first.startsWith('#') ? `  -${gap}y: 1\n${indent}${first}` : `  -${gap}${first}`;
    return [head, ...rest.map((line) => `${indent}${line}`)].join('\n');
  };
  const entries = Array.from({ length: 1 + next(4) }, (_, index) => entry(index));
  const text = `# head\nincludes: [a.yaml]\nplugins:\n${entries.join(pick(['\n', '\n\n', '\n  # between\n']))}\nlast: 1`;
  const ended = pick([text, `${text}\n`]);
  return next(4) === 0 ? ended.replaceAll('\n', '\r\n') : ended;
}

/** Everything that the file says, entries apart. */
function meaning(text: string): { readonly entries: readonly WrittenEntry[]; readonly fields: readonly object[] } {
  const { value } = readYaml(text, 'x.yaml');
  assert.ok(value?.type === 'map');
  const plugins = value.entries.get('plugins');
  assert.ok(plugins);
  const entries = readEntries(plugins, 'x.yaml', 1, silentLog);
  const fields = entries.map((entry) =>
    Object.fromEntries([...entry.fields].map(([name, field]) => [name, plainValue(field.value)])),
  );
  return { entries, fields };
}

test('pins change what they are about and nothing else, however a file is written', async () => {
  for (let seed = 1; seed <= 600; seed++) {
    const before = file(numbers(seed * 7919));
    const { entries, fields } = meaning(before);
    const pins = new Map(
      entries.map((entry, index): [WrittenEntry, Pin] => [
        entry,
        entry.oci === undefined
          ? { state: 'pinned', package: `${entry.package}-1.2.${index}`, integrity: `sha512-ab+/${index}==` }
          : { state: 'pinned', package: entry.package.replace(/:1\.\d+!/, `@sha256:${'0'.repeat(64)}!`) },
      ]),
    );
    const { edits, elsewhere } = await editEntries(before, entries, pins);
    assert.equal(elsewhere.size, 0, before);
    const after = applyEdits(before, edits);
    const expected = entries.map((entry, index) => {
      const pin = pins.get(entry);
      assert.ok(pin?.state === 'pinned');
      const { integrity } = pin;
      return { ...fields[index], package: pin.package, ...(integrity !== undefined && { integrity }) };
    });
    assert.deepEqual(meaning(after).fields, expected, `${before}\n=====\n${after}`);
    const comments = (text: string): readonly string[] => text.match(/#.*/g) ?? [];
    assert.deepEqual(comments(after), comments(before));
  }
});
