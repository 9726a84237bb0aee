import { defineLimits, type LimitTable } from '@gantry/oci';

/** Names of the limits of this package. */
export type BackstageLimitName = 'dynamicPluginsBytes';

const MiB = 1024 * 1024;

/** The limits of `@gantry/backstage`. */
export const backstageLimits: LimitTable<BackstageLimitName> = defineLimits<BackstageLimitName>('@gantry/backstage', {
  dynamicPluginsBytes: {
    value: 8 * MiB,
    unit: 'bytes',
    meaning: 'dynamic-plugins.yaml, and each file it includes.',
  },
});
