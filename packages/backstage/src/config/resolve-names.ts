import type { LogSink } from '../install/log-sink.ts';
import { configFault, shown } from './config-fault.ts';
import { OCI_SCHEME, REF_SCHEME } from './package-key.ts';
import { type WrittenEntry, withPackage } from './written-entry.ts';

/**
 * Gives entries of the main file that name an included image only by its last segment that image's full name:
 * `ref://name` becomes the package of the first include of that name; `{{inherit}}` keeps its own image where an include
 * has it, else takes the only included one of the same last segment. Throws `CONFIG_DYNAMIC_PLUGINS`; what is switched off
 * and cannot be resolved is left out with a warning.
 */
export function resolveNames(entries: readonly WrittenEntry[], log: LogSink): readonly WrittenEntry[] {
  const included = entries.filter(({ level }) => level === 0);
  return entries.flatMap((entry) => {
    if (entry.package.startsWith(REF_SCHEME)) return [resolveRef(entry, included, log)];
    const inherits = entry.level === 1 && entry.oci !== undefined && entry.oci.version === undefined;
    const resolved = inherits ? resolveInherit(entry, included, log) : entry;
    return resolved === undefined ? [] : [resolved];
  });
}

function resolveRef(entry: WrittenEntry, included: readonly WrittenEntry[], log: LogSink): WrittenEntry {
  const { package: text, place } = entry;
  const name = text.slice(REF_SCHEME.length);
  if (name === '') {
    const message = `Invalid ref:// reference: empty plugin name in ${REF_SCHEME}`;
    throw configFault('CONFIG_DYNAMIC_PLUGINS', message, place);
  }
  if (entry.level === 0) {
    const message = `Cannot use ref:// in included plugin configuration '${shown(text)}' in ${shown(place.file)}.`;
    throw configFault('CONFIG_DYNAMIC_PLUGINS', message, place, { hint: 'name the image itself in included files' });
  }
  const found = included.find(({ oci }) => oci?.version !== undefined && lastSegment(oci.repository) === name);
  if (found === undefined) {
    const message = `Cannot resolve ref:// reference: no plugin named '${shown(name)}' found in included plugins`;
    throw configFault('CONFIG_DYNAMIC_PLUGINS', message, place);
  }
  log.line(`\n======= Resolved ref:// plugin '${shown(text)}' to '${shown(found.package)}'`);
  return withPackage(entry, found.package);
}

function resolveInherit(
  entry: WrittenEntry,
  included: readonly WrittenEntry[],
  log: LogSink,
): WrittenEntry | undefined {
  const { package: text, oci, place } = entry;
  if (oci === undefined) return entry;
  const bases = included.filter((base) => base.oci?.version !== undefined);
  if (bases.some((base) => base.oci?.repository === oci.repository)) return entry;
  const name = lastSegment(oci.repository);
  const named = bases.filter((base) => base.oci !== undefined && lastSegment(base.oci.repository) === name);
  const repositories = [...new Set(named.map((base) => base.oci?.repository))];
  const [repository] = repositories;
  // Merging says what is missing, in the original's words.
  if (repository === undefined) return entry;
  if (repositories.length > 1) {
    const list = named.map((base) => `\n  - ${shown(base.package)} (in ${shown(base.place.file)})`).join('');
    const reason =
      `Cannot use {{inherit}} for '${shown(name)}': multiple included plugin configurations share this final OCI segment:${list}\n` +
      'The last OCI path segment must identify a single image in included files.';
    if (entry.enabled !== false) throw configFault('CONFIG_DYNAMIC_PLUGINS', reason, place);
    log.warn(`WARNING: Skipping unresolved disabled {{inherit}} plugin configuration '${shown(text)}': ${reason}`);
    return undefined;
  }
  const resolved = `${OCI_SCHEME}${repository}:{{inherit}}${oci.path === undefined ? '' : `!${oci.path}`}`;
  log.line(`\n======= Resolved {{inherit}} plugin '${shown(text)}' to '${shown(resolved)}'`);
  return withPackage(entry, resolved);
}

function lastSegment(repository: string): string {
  return repository.slice(repository.lastIndexOf('/') + 1);
}
