import { backstageLimits } from '@gantry/backstage';
import { coreLimits } from '@gantry/core';
import { type LimitSpec, ociLimits } from '@gantry/oci';
import { registryLimits } from '@gantry/registry';
import { runtimeLimits } from '@gantry/runtime';

/** A limit with its name and package. */
export interface NamedLimit extends LimitSpec {
  readonly package: string;
  readonly name: string;
}

/** Every limit of every package, in the order of the packages. */
export function allLimits(): NamedLimit[] {
  return [ociLimits, registryLimits, coreLimits, runtimeLimits, backstageLimits].flatMap((table) =>
    Object.entries<LimitSpec>(table.specs).map(([name, spec]) => ({ package: table.package, name, ...spec })),
  );
}
