import type { Policy } from '@gantry/core';
import { DEFAULT_POLICY } from '@gantry/core';
import type { Op, RegistrySettings } from '@gantry/oci';
import type { Context } from '../context.ts';
export interface ConfigFlags {
  readonly config?: string;
}
export interface Settings {
  readonly configuration: {
    registries: Readonly<Record<string, RegistrySettings>>;
    limits: Record<string, number>;
    policy: Policy;
    plugins: readonly { name: string; source: string }[];
    grantsOf(name: string): object;
  };
  readonly op: Op;
}
export async function readSettings(context: Context, _flags: ConfigFlags): Promise<Settings> {
  return {
    configuration: { registries: {}, limits: {}, policy: DEFAULT_POLICY, plugins: [], grantsOf: () => ({}) },
    op: context.op,
  };
}
