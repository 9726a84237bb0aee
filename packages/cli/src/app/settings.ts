import { backstageLimits } from '@gantry/backstage';
import { type Configuration, coreLimits, loadConfig } from '@gantry/core';
import { type Op, ociLimits } from '@gantry/oci';
import { registryLimits } from '@gantry/registry';
import { type Grants, runtimeLimits } from '@gantry/runtime';
import type { Context } from '../context.ts';
import { environmentOf } from './environment.ts';

/** Flags that say where configuration is. */
export interface ConfigFlags {
  readonly config?: string;
}

/** What gantry.yaml says, and the operation with its limits. */
export interface Settings {
  readonly configuration: Configuration;
  readonly op: Op;
}

/** Reads the configuration that counts here: `--config`, `$GANTRY_CONFIG`, the working directory's, the user's. */
export async function readSettings(context: Pick<Context, 'io' | 'op'>, flags: ConfigFlags): Promise<Settings> {
  const configuration = await loadConfig(
    {
      cwd: context.io.cwd,
      environment: environmentOf(context.io),
      limits: [ociLimits, registryLimits, coreLimits, runtimeLimits, backstageLimits],
      ...(flags.config !== undefined && { flag: flags.config }),
    },
    context.op,
  );
  return { configuration, op: { ...context.op, limits: configuration.limits } };
}

/** What gantry.yaml grants to the plugin of a name; nothing when it does not name it. */
export function grantsOf({ configuration }: Settings, name: string): Grants {
  const entry = configuration.plugins.find((plugin) => plugin.name === name);
  if (entry === undefined) return {};
  const settings = Object.entries(entry.config).map(([key, value]) => [key, asText(value)]);
  return settings.length === 0 ? entry.grants : { ...entry.grants, config: Object.fromEntries(settings) };
}

/** Plugins read settings as text: text stays as it is, everything else is JSON. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
