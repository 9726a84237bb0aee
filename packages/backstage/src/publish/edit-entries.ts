import type { Pair, Scalar, YAMLMap } from 'yaml';
import type { WrittenEntry } from '../config/written-entry.ts';
import type { TextEdit } from './line-diff.ts';
import type { Pin } from './pin-entries.ts';

/** How a file is changed. */
export interface EntryEdits {
  readonly edits: readonly TextEdit[];
  /** Entries to be pinned whose package is not written in them: an alias, or a merged map. */
  readonly elsewhere: ReadonlySet<WrittenEntry>;
}

/** The value of `package` in an entry, and where it is. */
interface Written {
  readonly map: YAMLMap;
  readonly pair: Pair;
  readonly value: Scalar;
}

/**
 * The edits that write pins into the text of a file. The package keeps its quotes, anchor and comment; an integrity gets a
 * line of its own below it, in the indentation of its neighbours, or in braces stands behind it.
 */
export async function editEntries(
  text: string,
  entries: readonly WrittenEntry[],
  pins: ReadonlyMap<WrittenEntry, Pin>,
): Promise<EntryEdits> {
  const edits: TextEdit[] = [];
  const elsewhere = new Set<WrittenEntry>();
  const find = await finder(text);
  entries.forEach((entry, index) => {
    const pin = pins.get(entry);
    if (pin?.state !== 'pinned') return;
    const written = find(index);
    if (written === undefined || written.value.value !== entry.written) {
      elsewhere.add(entry);
      return;
    }
    edits.push(...packageEdit(text, written, entry.written, pin.package));
    if (pin.integrity !== undefined) edits.push(...integrityEdit(text, written, pin.integrity));
  });
  return { edits, elsewhere };
}

async function finder(text: string): Promise<(index: number) => Written | undefined> {
  const { isMap, isScalar, isSeq, parseDocument } = await import('yaml');
  // Whatever PyYAML's grammar lets pass and this one complains about, the places are right or are not found.
  const plugins = parseDocument(text, { version: '1.1', merge: true, strict: false }).get('plugins', true);
  return (index) => {
    const map = isSeq(plugins) ? plugins.items[index] : undefined;
    if (!isMap(map)) return undefined;
    // Of a key that is there twice the last one counts.
    const pair = map.items.findLast(({ key }) => isScalar(key) && key.value === 'package');
    return pair !== undefined && isScalar(pair.value) ? { map, pair, value: pair.value } : undefined;
  };
}

function packageEdit(text: string, { value }: Written, before: string, after: string): readonly TextEdit[] {
  const [start, end] = value.range ?? [0, 0];
  if (before === after) return [];
  const source = text.slice(start, end);
  // Text with escapes in it is written anew.
  const changed = source.includes(before) ? source.replace(before, () => after) : JSON.stringify(after);
  return [{ start, end, text: changed }];
}

function integrityEdit(text: string, { map, pair, value }: Written, integrity: string): readonly TextEdit[] {
  const end = value.range?.[1] ?? 0;
  const there = map.items.findLast(({ key }) => (key as Scalar | null)?.value === 'integrity');
  const empty = (there?.value as Scalar | null | undefined)?.range;
  // `integrity:` or `integrity: null` is filled.
  if (there !== undefined) {
    if (empty === undefined || empty === null) return [];
    const blank = empty[0] === empty[1] && text[empty[0] - 1] === ':' ? ' ' : '';
    return [{ start: empty[0], end: empty[1], text: blank + integrity }];
  }
  if (map.flow === true) return [{ start: end, end, text: `, integrity: ${integrity}` }];
  const written = (pair.key as Scalar).range?.[0] ?? 0;
  // A key may be written behind a question mark, which then is where the map stands.
  const marked = /\?[ \t]+$/.exec(text.slice(0, written));
  const key = marked?.index ?? written;
  const indent = ' '.repeat(key - (text.lastIndexOf('\n', key - 1) + 1));
  const line = `${indent}integrity: ${integrity}`;
  // A block scalar ends behind its line break.
  if (text[end - 1] === '\n') return [{ start: end, end, text: `${line}${lineBreak(text)}` }];
  const newline = text.indexOf('\n', end);
  const at = newline < 0 ? text.length : newline - (text[newline - 1] === '\r' ? 1 : 0);
  return [{ start: at, end: at, text: `${lineBreak(text)}${line}` }];
}

function lineBreak(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}
