import { dirname, resolve } from 'node:path';
import { escapeRemote, type Op, parsePlatform, type RegistrySettings } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { PLUGIN_KINDS } from '../plugin/plugin.ts';
import type { PolicyClause } from '../trust/policy.ts';
import { normaliseScope } from '../trust/scope.ts';
import { firstProblem, type Problem } from './config-problem.ts';
import { configSchema } from './config-schema.ts';
import type { BackstageSettings, ConfigFile, GrantSettings, PluginEntry } from './configuration.ts';
import { type DocumentPath, type ParsedYaml, parseYaml } from './parse-yaml.ts';
import { parseQuantity } from './quantity.ts';
import type {
  KnownLimits,
  RawBackstage,
  RawConfig,
  RawGrants,
  RawPlugin,
  RawRegistry,
  RawTrustEntry,
} from './raw-config.ts';
import { type EntryPlace, trustClause } from './trust-clause.ts';

const VERSION = 1;

/**
 * Reads the text of a configuration file: strict YAML, then the schema, then what the schema cannot say. `file` is an
 * absolute path; relative paths in it start from its directory, and public keys are read. Throws `CONFIG_VERSION`,
 * `CONFIG_INVALID`, `CONFIG_PATH_UNREADABLE`, `CONFIG_KEY_INVALID`.
 */
export async function interpretConfig(
  file: string,
  text: string,
  tables: readonly KnownLimits[],
  op?: Op,
): Promise<ConfigFile> {
  const document = parseYaml(file, text, op);
  checkVersion(file, document);
  const schema = configSchema(tables);
  const result = schema.safeParse(document.value);
  if (!result.success) throw invalid(file, document, firstProblem(schema, result.error, document.value));
  const raw = result.data;
  checkUnique(file, document, raw);
  const directory = dirname(file);
  return {
    file,
    registries: mapValues(raw.registries ?? {}, (settings) => registrySettings(settings, directory)),
    trust: await trustClauses(file, document, raw.trust ?? [], op),
    plugins: (raw.plugins ?? []).map((entry) => pluginEntry(entry, directory)),
    backstage: backstageSettings(raw.backstage ?? {}),
    limits: limitValues(raw.limits ?? {}, tables),
  };
}

/** A newer version is told before anything that it may have that this Gantry does not know. */
function checkVersion(file: string, document: ParsedYaml): void {
  const { value } = document;
  const version = typeof value === 'object' && value !== null && 'schemaVersion' in value ? value.schemaVersion : null;
  if (typeof version === 'number' && version > VERSION) {
    throw coreError('CONFIG_VERSION', `${file}: schemaVersion ${version}, this Gantry knows ${VERSION}`, {
      details: { file, found: version, expected: VERSION },
    });
  }
  if (version === VERSION) return;
  throw invalid(file, document, {
    path: ['schemaVersion'],
    message: `the file has to begin with "schemaVersion: ${VERSION}"`,
    more: 0,
  });
}

function invalid(file: string, document: ParsedYaml, problem: Problem): Error {
  const more = problem.more === 0 ? '' : ` (and ${problem.more} more)`;
  return coreError('CONFIG_INVALID', `${located(file, document, problem.path, problem.message)}${more}`, {
    details: { file, line: document.lineOf(problem.path), key: keyOf(problem.path) },
  });
}

function located(file: string, document: ParsedYaml, path: DocumentPath, message: string): string {
  const key = keyOf(path);
  return `${file}:${document.lineOf(path)}: ${key === '' ? '' : `${key}: `}${message}`;
}

function keyOf(path: DocumentPath): string {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`));
  return escapeRemote(steps.join('').replace(/^\./, ''));
}

function checkUnique(file: string, document: ParsedYaml, raw: RawConfig): void {
  const lists = [
    { key: 'trust', field: 'scope', values: (raw.trust ?? []).map(({ scope }) => scopeOf(scope).replace(/\/$/, '')) },
    { key: 'plugins', field: 'name', values: (raw.plugins ?? []).map(({ name }) => name.toLowerCase()) },
  ];
  for (const { key, field, values } of lists) {
    const second = values.findIndex((value, index) => values.indexOf(value) < index);
    if (second < 0) continue;
    throw invalid(file, document, { path: [key, second, field], message: 'it is there twice', more: 0 });
  }
}

function registrySettings(raw: RawRegistry, directory: string): RegistrySettings {
  const settings = defined(raw);
  for (const key of ['caFile', 'clientCertFile', 'clientKeyFile'] as const) {
    if (settings[key] !== undefined) settings[key] = resolve(directory, settings[key]);
  }
  return settings;
}

/** One after the other: of several problems the first is told. */
async function trustClauses(
  file: string,
  document: ParsedYaml,
  entries: readonly RawTrustEntry[],
  op?: Op,
): Promise<readonly PolicyClause[]> {
  const clauses: PolicyClause[] = [];
  for (const [index, entry] of entries.entries()) {
    const at = (path: DocumentPath): DocumentPath => ['trust', index, ...path];
    const place: EntryPlace = {
      file,
      directory: dirname(file),
      index,
      located: (path, message) => located(file, document, at(path), message),
      invalid: (path, message) => invalid(file, document, { path: at(path), message, more: 0 }),
    };
    clauses.push(await trustClause(entry, place, op));
  }
  return clauses;
}

function scopeOf(text: string): string {
  return normaliseScope(text) ?? text;
}

function pluginEntry(entry: RawPlugin, base: string): PluginEntry {
  const kind = PLUGIN_KINDS.find((candidate) => candidate === entry.kind);
  return {
    name: entry.name,
    source: entry.source,
    base,
    ...(entry.platform === undefined ? {} : { platform: parsePlatform(entry.platform) }),
    ...(kind === undefined ? {} : { kind }),
    ...(entry.integrity === undefined ? {} : { integrity: entry.integrity }),
    grants: grantSettings(entry.grants ?? {}),
    config: Object.assign(Object.create(null), entry.config),
  };
}

function grantSettings({ memory, timeout, ...lists }: RawGrants): GrantSettings {
  const bytes = memory === undefined ? undefined : parseQuantity(memory, 'bytes');
  const milliseconds = timeout === undefined ? undefined : parseQuantity(timeout, 'milliseconds');
  return {
    ...defined(lists),
    ...(bytes === undefined ? {} : { memory: bytes }),
    ...(milliseconds === undefined ? {} : { timeout: milliseconds }),
  };
}

function backstageSettings({ strictFallback, platform }: RawBackstage): BackstageSettings {
  return {
    ...(strictFallback === undefined ? {} : { strictFallback }),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
  };
}

function limitValues(
  raw: NonNullable<RawConfig['limits']>,
  tables: readonly KnownLimits[],
): Readonly<Record<string, number>> {
  const units = new Map(tables.flatMap((table) => Object.entries(table.specs)).map(([name, { unit }]) => [name, unit]));
  const values: Record<string, number> = {};
  for (const [name, value] of Object.entries(raw)) {
    const unit = units.get(name);
    const number = unit === undefined || value === undefined ? undefined : parseQuantity(value, unit);
    if (number !== undefined) values[name] = number;
  }
  return values;
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Readonly<Record<string, R>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** The same without the fields that are undefined. */
function defined<T extends object>(fields: T): { -readonly [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { -readonly [K in keyof T]: Exclude<T[K], undefined> };
}
