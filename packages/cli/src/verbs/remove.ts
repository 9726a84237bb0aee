import { openPlugins, type RootFlags } from '../app/plugins.ts';
import type { Context } from '../context.ts';

/** `gantry remove <name>`. JSON: {name, removed}. */
export async function remove(context: Context, [name]: readonly [string], flags: RootFlags): Promise<void> {
  const { root, op } = await openPlugins(context, flags);
  await root.remove(name, op);
  await context.output.result({ name, removed: true }, [`removed ${name}`]);
}
