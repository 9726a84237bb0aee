import type { YamlValue } from '../yaml/yaml-value.ts';
import { configFault, shown } from './config-fault.ts';
import { isTruthy, pullPolicyOf, switchOf } from './entry-fields.ts';
import type { MergedEntry } from './merge-entries.ts';
import type { Origin } from './origin.ts';
import { isGitPackage } from './package-key.ts';
import type { PackageSource, PluginEntry } from './plugin-entry.ts';
import { pluginPathFault } from './plugin-path.ts';

/**
 * What is to be installed for merged entries. Throws for a plugin that is switched on: `CONFIG_GIT_PACKAGE`, and
 * `CONFIG_PLUGIN_PATH` for a directory that cannot be a plugin's.
 */
export function finishEntry(merged: MergedEntry): PluginEntry {
  const { key, fields, level, packageFrom } = merged;
  const enabled = switchOf(fields) ?? true;
  if (enabled) refuseUninstallable(merged);
  const { file, line, column } = packageFrom.place;
  const packageOrigin: Origin = { file, line, column };
  const record = new Map<string, YamlValue>([
    ['package', { type: 'string', value: merged.package, origin: packageOrigin }],
  ]);
  const origins = new Map<string, Origin>([['package', packageOrigin]]);
  for (const [name, { value, origin }] of fields) {
    origins.set(name, origin);
    if (name !== 'pluginConfig') record.set(name, value);
  }
  const config = fields.get('pluginConfig')?.value;
  const force = fields.get('forceDownload')?.value;
  return {
    key,
    package: merged.package,
    source: sourceOf(merged),
    enabled,
    integrity: fields.get('integrity')?.value,
    pluginConfig: config?.type === 'map' ? config : undefined,
    pullPolicy: pullPolicyOf(fields, merged.package),
    forceDownload: force !== undefined && isTruthy(force),
    level,
    record,
    origins,
  };
}

function sourceOf({ package: text, image }: MergedEntry): PackageSource {
  if (image !== undefined) return { type: 'oci', ...image };
  return text.startsWith('./') ? { type: 'local', directory: text } : { type: 'npm', spec: text };
}

function refuseUninstallable({ package: text, image, packageFrom: { place } }: MergedEntry): void {
  const fault = image && pluginPathFault(image.path);
  if (fault !== undefined) {
    throw configFault('CONFIG_PLUGIN_PATH', fault.message, place, fault.hint === undefined ? {} : { hint: fault.hint });
  }
  if (image === undefined && !text.startsWith('./') && isGitPackage(text)) {
    throw configFault('CONFIG_GIT_PACKAGE', `${shown(text)} names a git repository`, place);
  }
}
