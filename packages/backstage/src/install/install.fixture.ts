import type { Policy } from '@gantry/core';
import { type Environment, type Op, systemEnvironment } from '@gantry/oci';
import type { HubWorld } from '@gantry/testkit';
import { type InstallOutcome, installDynamicPlugins } from './install-dynamic-plugins.ts';
import type { PluginReport } from './plugin-report.ts';
import type { InstallOptions } from './run-context.ts';

/** How a run ended, and what it said. */
export interface Installed extends InstallOutcome {
  readonly lines: readonly string[];
  /** `package state` of every plugin, the address of the registry left out. */
  readonly states: readonly string[];
}

/** What a run is given beside its world. */
export type RunOptions = Partial<Omit<InstallOptions, 'environment'>> & {
  readonly env?: Readonly<Record<string, string>>;
  readonly environment?: Partial<Environment>;
  readonly op?: Op;
};

/** Installs in this process. */
export async function install(world: HubWorld, options: RunOptions = {}): Promise<Installed> {
  const { env, environment, op, ...rest } = options;
  const lines: string[] = [];
  const line = (text: string): void => void lines.push(text);
  const policy: Policy = { fallback: 'digest', lists: [] };
  const outcome = await installDynamicPlugins(
    {
      root: world.root,
      directory: world.cwd,
      environment: { ...systemEnvironment(), ...environment, env: { ...world.env, ...env } },
      policy,
      settings: {},
      registries: {},
      log: { line, warn: line },
      ...rest,
    },
    op,
  );
  return { ...outcome, lines, states: outcome.report.plugins.map((plugin) => stateOf(plugin, world)) };
}

/** `package state` of a plugin, the address of the registry left out. */
function stateOf({ package: name, state }: PluginReport, { registry }: HubWorld): string {
  return `${name.replace(`${registry.address}/`, '')} ${state}`;
}
