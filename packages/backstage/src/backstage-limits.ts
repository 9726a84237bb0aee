import { defineLimits, type LimitTable } from '@gantry/oci';

/** Names of the limits of this package. */
export type BackstageLimitName =
  | 'dynamicPluginsBytes'
  | 'pluginEntryBytes'
  | 'startJitter'
  | 'imagePlugins'
  | 'containersFileBytes'
  | 'lookasideSignatures'
  | 'lookasideSignatureBytes'
  | 'signatureToolTimeout'
  | 'catalogIndexBytes'
  | 'packageDocumentBytes'
  | 'packageJsonBytes'
  | 'dynamicPluginsDepth'
  | 'dynamicPluginsAliases'
  | 'rootLockHeartbeat'
  | 'rootLockStale'
  | 'rootLockPoll'
  | 'rootLockBytes'
  | 'pluginHashBytes'
  | 'pluginStateBytes'
  | 'pluginSwapAttempts'
  | 'mirrorRecordBytes';

const MiB = 1024 * 1024;

/** The limits of `@gantry/backstage`. */
export const backstageLimits: LimitTable<BackstageLimitName> = defineLimits<BackstageLimitName>('@gantry/backstage', {
  dynamicPluginsBytes: {
    value: 8 * MiB,
    unit: 'bytes',
    meaning: 'dynamic-plugins.yaml, and each file it includes.',
  },
  dynamicPluginsDepth: { value: 100, unit: 'count', meaning: 'Nesting depth of dynamic-plugins.yaml.' },
  dynamicPluginsAliases: {
    value: 100_000,
    unit: 'count',
    meaning: 'Values that aliases in dynamic-plugins.yaml repeat, multiplied through.',
  },
  pluginEntryBytes: {
    value: 40_000_000,
    unit: 'bytes',
    meaning: 'Largest file of a plugin; MAX_ENTRY_SIZE overrides it.',
  },
  startJitter: {
    value: 500,
    unit: 'milliseconds',
    meaning: 'Longest random wait of a pod before its first request, so that many do not ask at the same moment.',
  },
  containersFileBytes: {
    value: 1 * MiB,
    unit: 'bytes',
    meaning: 'registries.conf, policy.json, and each file beside them.',
  },
  lookasideSignatures: {
    value: 128,
    unit: 'count',
    meaning: 'Signatures of one image that are read from a lookaside.',
  },
  lookasideSignatureBytes: { value: 4 * MiB, unit: 'bytes', meaning: 'Size of a signature in a lookaside.' },
  signatureToolTimeout: {
    value: 60_000,
    unit: 'milliseconds',
    meaning: 'Time for one run of skopeo or gpg while a signature is verified.',
  },
  imagePlugins: { value: 1000, unit: 'count', meaning: 'Plugins that one image says it holds.' },
  catalogIndexBytes: {
    value: 16 * MiB,
    unit: 'bytes',
    meaning: 'Entities of one catalog index image, which are held in memory and kept for the next start.',
  },
  packageDocumentBytes: {
    value: 64 * MiB,
    unit: 'bytes',
    meaning: 'Size of the document in which an npm registry lists the versions of a package.',
  },
  packageJsonBytes: { value: 1 * MiB, unit: 'bytes', meaning: 'Size of the package.json of a package.' },
  rootLockHeartbeat: {
    value: 1000,
    unit: 'milliseconds',
    meaning: 'How often the installer that holds a dynamic plugins root shows that it lives.',
  },
  rootLockStale: {
    value: 10_000,
    unit: 'milliseconds',
    meaning: 'Silence after which the lock of a dynamic plugins root is taken over.',
  },
  rootLockPoll: {
    value: 250,
    unit: 'milliseconds',
    meaning: 'Longest pause between looks at the lock of a dynamic plugins root.',
  },
  rootLockBytes: {
    value: 1 * MiB,
    unit: 'bytes',
    meaning: 'Size of a lock file that is read; a larger one is taken for that of another program.',
  },
  pluginHashBytes: { value: 1024, unit: 'bytes', meaning: 'Size of a hash file in a plugin directory.' },
  pluginStateBytes: { value: 1 * MiB, unit: 'bytes', meaning: 'Size of .gantry.json in a plugin directory.' },
  pluginSwapAttempts: {
    value: 16,
    unit: 'count',
    meaning: 'How often a plugin directory is moved aside because somebody else put another there meanwhile.',
  },
  mirrorRecordBytes: { value: 16 * MiB, unit: 'bytes', meaning: 'Size of mirror.json in a mirror directory.' },
});
