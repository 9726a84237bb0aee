import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Op } from '@gantry/oci';
import { emitAppConfig } from '../app-config/emit-app-config.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import type { ExportedPlugin } from './exported-plugin.ts';

/** Where a plugin keeps an example of its configuration: the first of these that is there. */
const APP_CONFIGS = ['app-config.janus-idp.yaml', 'app-config.backstage-community.yaml', 'app-config.yaml'] as const;

/**
 * The `dynamic-plugins.yaml` that installs plugins from an image, with their example configurations. `image` is
 * `host/repository:tag`, `pinned` the same by digest. Throws `CONFIG_DYNAMIC_PLUGINS` for an example that is no YAML.
 */
export function exampleConfiguration(
  image: string,
  pinned: string,
  plugins: readonly ExportedPlugin[],
  op?: Op,
): string {
  const entries = plugins.flatMap(({ directory, home }) => [
    `  # by digest: oci://${pinned}!${directory}`,
    `  - package: oci://${image}!${directory}`,
    '    disabled: false',
    ...pluginConfigLines(home, op),
  ]);
  return ['plugins:', ...entries, ''].join('\n');
}

function pluginConfigLines(home: string, op?: Op): readonly string[] {
  const file = APP_CONFIGS.map((name) => join(home, name)).find(
    (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true,
  );
  const { value } = file === undefined ? { value: undefined } : readYaml(readFileSync(file, 'utf8'), file, op);
  if (value?.type !== 'map' || value.entries.size === 0) return [];
  const lines = emitAppConfig(value).trimEnd().split('\n');
  return ['    pluginConfig:', ...lines.map((line) => (line === '' ? '' : `      ${line}`))];
}
