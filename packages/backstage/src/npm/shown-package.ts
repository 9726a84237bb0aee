import { escapeRemote } from '@gantry/oci';
import { withoutSecrets } from '../config/config-fault.ts';
import type { PluginEntry } from '../config/plugin-entry.ts';

/** The package of an entry for messages: escaped, and a URL without its userinfo and query, which may be secrets. */
export function shownPackage(entry: PluginEntry): string {
  return escapeRemote(withoutSecrets(entry.package), 400);
}

/** ` (file:line)` of a field, or of the package when the field is not written anywhere. */
export function shownPlace(entry: PluginEntry, field: string): string {
  const origin = entry.origins.get(field) ?? entry.origins.get('package');
  return origin === undefined ? '' : ` (${origin.file}:${origin.line})`;
}
