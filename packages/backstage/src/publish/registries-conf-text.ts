import { type MirrorPlace, mirrorLocation } from './mirror-place.ts';

/** The first line of a registries.conf that may be written again. */
export const REGISTRIES_CONF_MARK = '# Written by gantry backstage mirror.';

/**
 * A registries.conf (containers-registries.conf(5), version 2) under which images of some registries are read from a mirror
 * first. `insecure`: the mirror is asked without TLS.
 */
export function registriesConfText(registries: readonly string[], place: MirrorPlace, insecure: boolean): string {
  const tables = [...new Set(registries)]
    .toSorted()
    .map((registry) =>
      [
        '[[registry]]',
        `prefix = ${JSON.stringify(registry)}`,
        `location = ${JSON.stringify(registry)}`,
        '',
        '[[registry.mirror]]',
        `location = ${JSON.stringify(mirrorLocation(place, registry))}`,
        ...(insecure ? ['insecure = true'] : []),
        '',
      ].join('\n'),
    );
  return [REGISTRIES_CONF_MARK, '', ...tables].join('\n');
}
