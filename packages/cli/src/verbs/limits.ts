import { allLimits } from '../app/all-limits.ts';
import { type ConfigFlags, readSettings } from '../app/settings.ts';
import type { Context } from '../context.ts';
import { tableLines } from '../output/table.ts';

/** `gantry limits`: the values in force, those of gantry.yaml included. JSON: {limits: [{package, name, value, unit}]}. */
export async function limits(context: Context, _args: readonly [], flags: ConfigFlags): Promise<void> {
  const { op } = await readSettings(context, flags);
  const all = allLimits().map((limit) => ({
    package: limit.package,
    name: limit.name,
    value: op.limits?.[limit.name] ?? limit.value,
    unit: limit.unit,
    meaning: limit.meaning,
  }));
  const rows = all.map((limit) => [limit.name, String(limit.value), limit.unit, limit.meaning]);
  await context.output.result({ limits: all }, tableLines([['LIMIT', 'VALUE', 'UNIT', 'MEANING'], ...rows]));
}
