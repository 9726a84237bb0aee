import { parse, TomlError, type TomlTableWithoutBigInt } from 'smol-toml';
import { containersFault } from './containers-fault.ts';
import type { MirrorTable, RegistriesConf, RegistryTable } from './registry-table.ts';
import { TomlFields } from './toml-fields.ts';

const PULLS: readonly MirrorTable['pull'][] = ['all', 'digest-only', 'tag-only'];

/** Lines of the headers of one `[[registry]]` and of its mirrors. */
interface HeaderLines {
  readonly line: number;
  readonly mirrors: number[];
}

/**
 * Reads a file in the second format of containers-registries.conf(5). What is about short names is not looked at, and keys that
 * are unknown mean nothing, as in containers/image. Throws `CONFIG_CONTAINERS` with file and line.
 */
export function readRegistriesFile(text: string, file: string): RegistriesConf {
  const root = new TomlFields(parseToml(text, file), file);
  const old = ['search', 'insecure', 'block'].some((key) => root.table('registries')?.table(key) !== undefined);
  if (old) {
    throw containersFault(file, 'it is written in version 1 of the format, which cannot say where mirrors are', {
      line: lineOf(text, /^\s*\[registries\./),
      hint: 'write [[registry]] tables, see containers-registries.conf(5)',
    });
  }
  const headers = headerLines(text);
  const tables = root
    .tables(
      'registry',
      headers.map(({ line }) => line),
    )
    .map((fields, index) => registryTable(fields, file, headers[index]?.mirrors ?? []));
  checkConflicts(tables);
  const firsts = tables.filter(({ prefix }, index) => tables.findIndex((table) => table.prefix === prefix) === index);
  return { tables: firsts, credentialHelpers: root.texts('credential-helpers') };
}

function parseToml(text: string, file: string): TomlTableWithoutBigInt {
  try {
    return parse(text, { integersAsBigInt: false });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const problem = cause.message.split('\n')[0] ?? '';
    throw containersFault(file, problem, { line: cause.line, cause });
  }
}

function registryTable(fields: TomlFields, file: string, mirrorLines: readonly number[]): RegistryTable {
  const location = locationOf(fields, 'location');
  const prefix = locationOf(fields, 'prefix') || location;
  if (prefix === '') throw fields.fault('a [[registry]] has neither prefix nor location');
  if (location === '' && !prefix.startsWith('*.')) {
    throw fields.fault(
      `the [[registry]] ${prefix} has no location, which only a prefix like *.example.com can do without`,
    );
  }
  if (fields.text('pull-from-mirror') !== '')
    throw fields.fault('pull-from-mirror is for mirrors, not for a [[registry]]');
  const byDigestOnly = fields.flag('mirror-by-digest-only');
  const mirrors = fields.tables('mirror', mirrorLines).map((mirror) => mirrorTable(mirror, byDigestOnly));
  const { line } = fields;
  return { prefix, location, insecure: fields.flag('insecure'), blocked: fields.flag('blocked'), mirrors, file, line };
}

function mirrorTable(fields: TomlFields, byDigestOnly: boolean): MirrorTable {
  const location = locationOf(fields, 'location');
  if (location === '') throw fields.fault('a mirror has no location');
  const written = fields.text('pull-from-mirror');
  if (byDigestOnly && written !== '') {
    throw fields.fault(`the mirror ${location} has pull-from-mirror and its [[registry]] mirror-by-digest-only`);
  }
  const pull = PULLS.find((value) => value === written);
  if (written !== '' && pull === undefined) {
    throw fields.fault(`pull-from-mirror of ${location} is ${written}, expected ${PULLS.join(', ')}`);
  }
  return { location, insecure: fields.flag('insecure'), pull: byDigestOnly ? 'digest-only' : (pull ?? 'all') };
}

function locationOf(fields: TomlFields, key: string): string {
  const text = fields.text(key).replace(/\/+$/, '');
  if (/^[a-z]+:\/\//i.test(text))
    throw fields.fault(`${key} begins with a scheme, expected host[:port][/path]: ${text}`);
  return text;
}

/** One place with two rules would be judged by whichever prefix matched. */
function checkConflicts(tables: readonly RegistryTable[]): void {
  for (const table of tables) {
    const place = table.location || table.prefix;
    for (const key of ['insecure', 'blocked'] as const) {
      const other = tables.find((one) => (one.location || one.prefix) === place && one[key] !== table[key]);
      if (other === undefined) continue;
      const later = (other.line ?? 0) > (table.line ?? 0) ? other : table;
      throw containersFault(table.file, `${place} is there twice, once ${key} and once not`, { line: later.line });
    }
  }
}

function headerLines(text: string): readonly HeaderLines[] {
  const headers: HeaderLines[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const name = /^\s*\[\[\s*([\w.\s]+?)\s*\]\]/.exec(line)?.[1]?.replace(/\s/g, '');
    if (name === 'registry') headers.push({ line: index + 1, mirrors: [] });
    if (name === 'registry.mirror') headers.at(-1)?.mirrors.push(index + 1);
  }
  return headers;
}

function lineOf(text: string, pattern: RegExp): number {
  return text.split('\n').findIndex((line) => pattern.test(line)) + 1;
}
