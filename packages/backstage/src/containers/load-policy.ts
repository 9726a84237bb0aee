import { join } from 'node:path';
import type { Op, RegistryReference } from '@gantry/oci';
import type { ContainersPlaces } from './containers-places.ts';
import { imageScopes } from './image-scopes.ts';
import { parsePolicy } from './parse-policy.ts';
import type { ContainersPolicy, PolicyRequirement } from './policy.ts';
import { readContainersFile } from './read-containers-file.ts';

/** Reads the user's policy.json, else the system's. Undefined when there is neither: then nothing is asked of images. */
export function loadPolicy({ user, system }: ContainersPlaces, op?: Op): ContainersPolicy | undefined {
  for (const directory of [user, system]) {
    const file = join(directory, 'policy.json');
    const text = readContainersFile(file, op);
    if (text !== undefined) return parsePolicy(text, file, op);
  }
  return undefined;
}

/** What a policy asks of an image, and where it says so. */
export interface ApplicableRules {
  readonly requirements: readonly PolicyRequirement[];
  readonly file: string;
  /** For messages: `docker, registry.example/team`, `docker` or `default`. */
  readonly scope: string;
}

/** The requirements of the narrowest scope that covers an image; those of wider ones do not count. */
export function rulesFor({ file, fallback, scopes }: ContainersPolicy, image: RegistryReference): ApplicableRules {
  for (const scope of [...imageScopes(image), '']) {
    const requirements = scopes.get(scope);
    if (requirements !== undefined) return { requirements, file, scope: scope === '' ? 'docker' : `docker, ${scope}` };
  }
  return { requirements: fallback, file, scope: 'default' };
}
