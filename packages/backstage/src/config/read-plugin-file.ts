import { statSync } from 'node:fs';
import { readNamedFile, systemFileSystem } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { backstageLimits } from '../backstage-limits.ts';
import type { LogSink } from '../install/log-sink.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import type { YamlValue } from '../yaml/yaml-value.ts';
import { shown } from './config-fault.ts';

/** A file of plugins: where it is, and how the user named it. */
export interface PluginFile {
  readonly path: string;
  readonly shownAs: string;
}

/** Whether there is such a file; anything else of that name is none, as for the original. */
export function isPluginFile({ path }: PluginFile): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * The content of dynamic-plugins.yaml or of a file that it includes; undefined when it is empty. What YAML 1.2 would read
 * otherwise is warned about. Throws `CONFIG_DYNAMIC_PLUGINS`: not readable, longer than `dynamicPluginsBytes`, not UTF-8,
 * not YAML.
 */
export function readPluginFile(file: PluginFile, log: LogSink, op?: Op): YamlValue | undefined {
  const { value, warnings } = readYaml(readPluginText(file, op), file.shownAs, op);
  for (const { message } of warnings) log.warn(`WARNING: ${message}`);
  return value?.type === 'string' && value.value === '' ? undefined : value;
}

/** Its text. Throws `CONFIG_DYNAMIC_PLUGINS`: not readable, longer than `dynamicPluginsBytes`, not UTF-8. */
export function readPluginText({ path, shownAs }: PluginFile, op?: Op): string {
  try {
    const bytes = readNamedFile(systemFileSystem, path, backstageLimits(op, 'dynamicPluginsBytes'));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const why = cause instanceof TypeError ? 'it is not UTF-8' : (cause as Error).message;
    throw backstageError('CONFIG_DYNAMIC_PLUGINS', `${shown(shownAs)} cannot be read: ${why}`, {
      cause,
      details: { file: shownAs },
    });
  }
}
