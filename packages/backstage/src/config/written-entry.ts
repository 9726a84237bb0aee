import type { LogSink } from '../install/log-sink.ts';
import type { YamlEntry, YamlValue } from '../yaml/yaml-value.ts';
import { configFault, type Place, shown } from './config-fault.ts';
import { type Fields, switchOf, warnAboutFields } from './entry-fields.ts';
import { OCI_SCHEME, type OciPackage, parseOciPackage } from './package-key.ts';

/** One entry of a `plugins` list as it is written. */
export interface WrittenEntry {
  /** After `ref://` and the name of an inherited image were resolved. */
  readonly package: string;
  /** As the file has it. */
  readonly written: string;
  /** Where the package stands. */
  readonly place: Place;
  /** 0: an include, 1: the main file. */
  readonly level: 0 | 1;
  readonly fields: Fields;
  /** Whether this entry switches the plugin on or off; undefined when it says nothing. */
  readonly enabled: boolean | undefined;
  /** Undefined for other packages, and for `oci://` ones that do not follow the grammar. */
  readonly oci: OciPackage | undefined;
}

/** Whether the entry is for an image. */
export function isOciEntry(entry: WrittenEntry): boolean {
  return entry.package.startsWith(OCI_SCHEME);
}

/** The entry with another package in place of what is written. */
export function withPackage(entry: WrittenEntry, text: string): WrittenEntry {
  return { ...entry, package: text, oci: parseOciPackage(text) };
}

/** Reads the `plugins` of a file. Throws `CONFIG_DYNAMIC_PLUGINS`; fields of a wrong type are warned about. */
export function readEntries(
  { value, origin }: YamlEntry,
  file: string,
  level: 0 | 1,
  log: LogSink,
): readonly WrittenEntry[] {
  if (value.type !== 'list') {
    const message = `content of the 'plugins' field must be a list in ${shown(file)}`;
    throw configFault('CONFIG_DYNAMIC_PLUGINS', message, { ...origin, key: 'plugins' });
  }
  return value.items.map((item, index) => readEntry(item, `plugins[${index}]`, { file: shown(file), level, log }));
}

function readEntry(
  item: YamlValue,
  key: string,
  { file, level, log }: { readonly file: string; readonly level: 0 | 1; readonly log: LogSink },
): WrittenEntry {
  if (item.type !== 'map') {
    const message = `content of the 'plugins' field must be a list of objects in ${file}`;
    throw configFault('CONFIG_DYNAMIC_PLUGINS', message, { ...item.origin, key });
  }
  const named = item.entries.get('package');
  const place: Place = { ...(named?.origin ?? item.origin), key: `${key}.package` };
  if (named?.value.type !== 'string') {
    const message = `content of the 'plugins.package' field must be a string in ${file}`;
    throw configFault('CONFIG_DYNAMIC_PLUGINS', message, place);
  }
  const text = named.value.value;
  if (text === '') {
    throw configFault('CONFIG_DYNAMIC_PLUGINS', `content of the 'plugins.package' field is empty in ${file}`, place);
  }
  warnAboutFields(item.entries, text, log);
  const enabled = switchOf(item.entries);
  return { package: text, written: text, place, level, fields: item.entries, enabled, oci: parseOciPackage(text) };
}
