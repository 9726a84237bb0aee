import type { LogSink } from '../install/log-sink.ts';
import type { YamlEntry } from '../yaml/yaml-value.ts';
import { configFault, keyWithoutSecrets, shown } from './config-fault.ts';
import { type DetectedPath, duplicateEntry } from './detect-paths.ts';
import { npmKey, OCI_SCHEME, type OciPackage, ociKey } from './package-key.ts';
import type { WrittenEntry } from './written-entry.ts';

/** An image's version and directory that entries were merged for. */
interface MergedImage {
  readonly repository: string;
  readonly version: string;
  readonly image: string;
  readonly path: string;
}

/** What the entries of one plugin come to. */
export interface MergedEntry {
  readonly key: string;
  /** With the directory that was detected or inherited. */
  readonly package: string;
  readonly image: MergedImage | undefined;
  /** `package` and what the original keeps for itself left out. */
  readonly fields: ReadonlyMap<string, YamlEntry>;
  readonly level: 0 | 1;
  /** The entries, in the order they were merged; the last one's fields count. */
  readonly entries: readonly WrittenEntry[];
  /** The entry whose package counts. */
  readonly packageFrom: WrittenEntry;
}

/** What merging comes to. */
export interface MergedEntries {
  readonly plugins: ReadonlyMap<string, MergedEntry>;
  /** Entries whose directory is not known. */
  readonly failures: readonly { readonly entry: WrittenEntry; readonly error: unknown }[];
}

/**
 * Merges the entries in their order: one of another level overrides what is there field by field, `pluginConfig` as a
 * whole. Throws `CONFIG_PLUGIN_DUPLICATE` for two entries of one level, `CONFIG_DYNAMIC_PLUGINS` for an `{{inherit}}` that
 * nothing, or more than one thing, stands behind.
 */
export function mergeEntries(
  entries: readonly WrittenEntry[],
  detected: ReadonlyMap<WrittenEntry, DetectedPath>,
  log: LogSink,
): MergedEntries {
  const plugins = new Map<string, MergedEntry>();
  const failures: { readonly entry: WrittenEntry; readonly error: unknown }[] = [];
  for (const entry of entries) {
    const { oci } = entry;
    if (oci === undefined) {
      mergeOne(npmKey(entry.package), undefined, entry, plugins, log);
      continue;
    }
    if (oci.version === undefined) {
      const base = inheritedFrom(entry, oci, plugins, failures, log);
      if (base !== undefined) mergeOne(base.key, 'inherited', entry, plugins, log);
      continue;
    }
    const answer = oci.path === undefined ? detected.get(entry) : { path: oci.path };
    if (answer === undefined || 'error' in answer) {
      failures.push({ entry, error: answer?.error });
      continue;
    }
    const { repository, version, image = '' } = oci;
    if (oci.path === undefined) {
      log.line(
        `\n======= Auto-resolving OCI package ${shown(entry.package)} to use plugin path: ${shown(answer.path)}`,
      );
    }
    const merged = { repository, version, image, path: answer.path };
    mergeOne(ociKey(repository, answer.path), merged, entry, plugins, log);
  }
  return { plugins, failures };
}

/** What merging leaves out of an entry's fields: the package has its own place, the version is what we found. */
const OWN_FIELDS: readonly string[] = ['package', 'version', 'last_modified_level'];

function mergeOne(
  key: string,
  image: MergedImage | 'inherited' | undefined,
  entry: WrittenEntry,
  plugins: Map<string, MergedEntry>,
  log: LogSink,
): void {
  const there = plugins.get(key);
  const shownKey = shown(keyWithoutSecrets(key, entry.package));
  const concrete = typeof image === 'object' ? image : undefined;
  const text = concrete === undefined ? entry.package : `${OCI_SCHEME}${concrete.image}!${concrete.path}`;
  if (there === undefined) {
    const version = concrete === undefined ? '' : `version \`${shown(concrete.version)}\` of `;
    log.line(`\n======= Adding new dynamic plugin configuration for ${version}${shownKey}`);
    const fields = overlaid(new Map(), entry);
    const { level } = entry;
    plugins.set(key, { key, package: text, image: concrete, fields, level, entries: [entry], packageFrom: entry });
    return;
  }
  log.line(`\n======= Overriding dynamic plugin configuration ${shownKey}`);
  if (there.level === entry.level) {
    throw duplicateEntry(image === 'inherited' ? there.package : text, entry.place.file, entry);
  }
  if (concrete !== undefined && there.image?.version !== concrete.version) {
    log.line(
      `INFO: Overriding version for ${shownKey} from \`${shown(there.image?.version ?? '')}\` to \`${shown(concrete.version)}\``,
    );
  }
  const named = image === 'inherited' ? there : { package: text, image: concrete, packageFrom: entry };
  plugins.set(key, {
    key,
    package: named.package,
    image: named.image,
    fields: overlaid(there.fields, entry),
    level: entry.level,
    entries: [...there.entries, entry],
    packageFrom: named.packageFrom,
  });
}

/** The fields with those of the entry over them. What switches a plugin on or off replaces both ways of saying so. */
function overlaid(fields: ReadonlyMap<string, YamlEntry>, entry: WrittenEntry): ReadonlyMap<string, YamlEntry> {
  const over = [...entry.fields].filter(([name]) => !OWN_FIELDS.includes(name));
  const result = new Map(fields);
  const says = (name: string): boolean => entry.fields.get(name)?.value.type === 'boolean';
  if (says('enabled')) result.delete('disabled');
  if (says('disabled')) result.delete('enabled');
  for (const [name, value] of over) result.set(name, value);
  return result;
}

/** Why there is mostly nothing: the pod, or the shell in it, lacks the variable. */
const NOTHING_TO_INHERIT =
  'check the includes: dynamic-plugins.default.yaml is that of CATALOG_INDEX_IMAGE when it is set, else a file here';

function inheritedFrom(
  entry: WrittenEntry,
  oci: OciPackage,
  plugins: ReadonlyMap<string, MergedEntry>,
  failures: MergedEntries['failures'],
  log: LogSink,
): MergedEntry | undefined {
  const { repository, path } = oci;
  const bases = [...plugins.values()].filter(
    ({ image }) => image?.repository === repository && (path === undefined || image.path === path),
  );
  const [base] = bases;
  // Where the base's directory is not known, that is the failure; this entry adds nothing to it.
  const lost = failures.some((failure) => failure.entry.oci?.repository === repository);
  if (base === undefined && lost) return undefined;
  const name = shown(OCI_SCHEME + repository);
  if (path !== undefined) {
    if (base !== undefined) return base;
    const message = `ERROR: {{inherit}} tag is set and there is currently no resolved tag or digest for ${shown(entry.package)} in ${shown(entry.place.file)}.`;
    throw configFault('CONFIG_DYNAMIC_PLUGINS', message, entry.place, { hint: NOTHING_TO_INHERIT });
  }
  if (base === undefined) {
    const message = `Cannot use {{inherit}} for ${name}: no existing plugin configuration found. Ensure a plugin from this image is defined in an included file with an explicit version.`;
    throw configFault('CONFIG_DYNAMIC_PLUGINS', message, entry.place, { hint: NOTHING_TO_INHERIT });
  }
  if (bases.length > 1) {
    const list = bases.map((one) => `\n  - ${shown(one.package)}`).join('');
    const message = `Cannot use {{inherit}} for ${name}: multiple plugins from this image are defined in the included files:${list}\nPlease specify which plugin configuration to inherit from using: ${name}:{{inherit}}!<plugin_path>`;
    throw configFault('CONFIG_DYNAMIC_PLUGINS', message, entry.place);
  }
  const { version = '', path: inherited = '' } = base.image ?? {};
  log.line(
    `\n======= Inheriting version \`${shown(version)}\` and plugin path \`${shown(inherited)}\` for ${shown(base.key)}`,
  );
  return base;
}
