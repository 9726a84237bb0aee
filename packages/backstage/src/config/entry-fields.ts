import type { LogSink } from '../install/log-sink.ts';
import type { YamlEntry, YamlValue } from '../yaml/yaml-value.ts';
import { placeText, shown } from './config-fault.ts';

/** The fields of an entry by name, `package` included. */
export type Fields = ReadonlyMap<string, YamlEntry>;

/** What Python takes for true. */
export function isTruthy(value: YamlValue): boolean {
  switch (value.type) {
    case 'string':
      return value.value !== '';
    case 'boolean':
      return value.value;
    case 'integer':
      return value.value !== 0n;
    case 'float':
      return value.value !== 0;
    case 'map':
      return value.entries.size > 0;
    case 'list':
      return value.items.length > 0;
    case 'date':
      return true;
    case 'null':
      return false;
  }
}

/**
 * Whether the fields switch their plugin on or off; undefined when they say nothing about it. `enabled` counts when it is
 * a boolean, and wins; `disabled` is whatever Python takes for true.
 */
export function switchOf(fields: Fields): boolean | undefined {
  const enabled = fields.get('enabled')?.value;
  if (enabled?.type === 'boolean') return enabled.value;
  const disabled = fields.get('disabled')?.value;
  return disabled === undefined || disabled.type === 'null' ? undefined : !isTruthy(disabled);
}

/** `pullPolicy` as it counts: whatever is not `Always` is as if it were `IfNotPresent`; `:latest` of an image is asked for. */
export function pullPolicyOf(fields: Fields, packageText: string): 'IfNotPresent' | 'Always' {
  const policy = fields.get('pullPolicy')?.value;
  if (policy === undefined) {
    return packageText.startsWith('oci://') && packageText.includes(':latest!') ? 'Always' : 'IfNotPresent';
  }
  return policy.type === 'string' && policy.value === 'Always' ? 'Always' : 'IfNotPresent';
}

/** Warns about fields that hold what is not meant for them; what the original makes of them stands. */
export function warnAboutFields(fields: Fields, packageText: string, log: LogSink): void {
  const warn = (name: string, problem: string): void => {
    const place = fields.get(name)?.origin;
    if (place) log.warn(`WARNING: plugin ${shown(packageText)} ${problem}${placeText({ ...place, key: name })}`);
  };
  const [enabled, disabled, force] = ['enabled', 'disabled', 'forceDownload'].map((name) => fields.get(name)?.value);
  if (enabled && disabled) warn('enabled', "specifies both 'enabled' and 'disabled': 'enabled' wins");
  if (enabled && enabled.type !== 'boolean') warn('enabled', "has non-boolean 'enabled', which is ignored");
  if (disabled && disabled.type !== 'boolean' && disabled.type !== 'null') {
    warn('disabled', `has non-boolean 'disabled', which is read as ${isTruthy(disabled)}`);
  }
  if (force && force.type !== 'boolean')
    warn('forceDownload', `has non-boolean 'forceDownload', read as ${isTruthy(force)}`);
  const policy = fields.get('pullPolicy')?.value;
  if (policy && !(policy.type === 'string' && ['Always', 'IfNotPresent'].includes(policy.value))) {
    warn('pullPolicy', "has a 'pullPolicy' that is neither 'Always' nor 'IfNotPresent', read as 'IfNotPresent'");
  }
  const config = fields.get('pluginConfig')?.value;
  if (config && config.type !== 'map' && config.type !== 'null') {
    warn('pluginConfig', "has a 'pluginConfig' that is no map, which is ignored");
  }
}
