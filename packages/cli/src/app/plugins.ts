import { resolve } from 'node:path';
import { openPluginRoot, openStore, type PluginRoot, trustRootsAtHand } from '@gantry/core';
import type { Op } from '@gantry/oci';
import type { Context } from '../context.ts';
import { directories } from './directories.ts';
import { environmentOf } from './environment.ts';
import { type ConfigFlags, readSettings, type Settings } from './settings.ts';

/** Flags of verbs about installed plugins. */
export interface RootFlags extends ConfigFlags {
  readonly root?: string;
}

/** The plugin root of an operation. */
export interface Plugins {
  readonly root: PluginRoot;
  readonly settings: Settings;
  readonly op: Op;
}

/** The plugin root that `--root` names, else that of this user. */
export function pluginDirectory({ io }: Context, flags: RootFlags): string {
  return flags.root === undefined ? directories(io).plugins : resolve(io.cwd, flags.root);
}

/** Opens the plugin root under the configured policy, and nothing that could reach a registry. */
export async function openPlugins(context: Context, flags: RootFlags): Promise<Plugins> {
  const settings = await readSettings(context, flags);
  const places = directories(context.io);
  const environment = environmentOf(context.io);
  const trustRoots = trustRootsAtHand({ directory: places.trust, environment });
  const root = openPluginRoot(pluginDirectory(context, flags), {
    store: () => openStore(places.store),
    policy: settings.configuration.policy,
    trustRoots,
    environment,
  });
  return { root, settings, op: settings.op };
}
