import { loadPublishing } from '@gantry/backstage';
import { environmentOf } from '../app/environment.ts';
import { type ConfigFlags, readSettings } from '../app/settings.ts';
import type { Context } from '../context.ts';

/** `gantry backstage integrity <package>`. JSON: {package: with the exact version, integrity, size}. */
export async function backstageIntegrity(
  context: Context,
  [spec]: readonly [string],
  options: ConfigFlags,
): Promise<void> {
  const { io, output } = context;
  const { op } = await readSettings(context, options);
  const { packageIntegrity } = await loadPublishing();
  const found = await packageIntegrity(spec, { directory: io.cwd, environment: environmentOf(io) }, op);
  if (found.package !== spec) output.note(`that of ${found.package}`);
  await output.result({ package: found.package, integrity: found.integrity, size: found.bytes }, [found.integrity]);
}
