import { ociLimits } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import type { KnownLimits } from './raw-config.ts';

/** The JSON Schema (draft 2020-12) of gantry.yaml, for editors. Loads zod. */
export async function configJsonSchema(
  tables: readonly KnownLimits[] = [ociLimits, coreLimits],
): Promise<Readonly<Record<string, unknown>>> {
  const [z, { configSchema }] = await Promise.all([import('zod'), import('./config-schema.ts')]);
  return { title: 'gantry.yaml', ...z.toJSONSchema(configSchema(tables), { io: 'input' }) };
}
