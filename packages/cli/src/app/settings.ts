import type { Op, RegistrySettings } from '@gantry/oci';
import type { Context } from '../context.ts';
export interface ConfigFlags {
  readonly config?: string;
}
export interface Settings {
  readonly configuration: {
    registries: Readonly<Record<string, RegistrySettings>>;
    limits: Record<string, number>;
    policy: never;
  };
  readonly op: Op;
}
export async function readSettings(context: Context, _flags: ConfigFlags): Promise<Settings> {
  return {
    configuration: { registries: {}, limits: {}, policy: undefined as never, plugins: [], grantsOf: () => ({}) },
    op: context.op,
  };
}
