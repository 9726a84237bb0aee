import { defineLimits, type LimitTable } from '@gantry/oci';

/** Names of the limits of this package. */
export type CoreLimitName =
  | 'archiveEntryBytes'
  | 'archiveTotalBytes'
  | 'archiveRatio'
  | 'archiveEntries'
  | 'archiveDepth'
  | 'archiveNameBytes'
  | 'archivePathBytes'
  | 'archiveHeaderBytes'
  | 'zstdWindowBytes'
  | 'configBytes'
  | 'configAliases'
  | 'configDepth'
  | 'receiptBytes'
  | 'titleBytes'
  | 'pluginNameLength'
  | 'inflateThreads'
  | 'stagingAge'
  | 'blobAge'
  | 'contentAge'
  | 'leaseAge';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const hour = 3_600_000;

/** The limits of `@gantry/core`. */
export const coreLimits: LimitTable<CoreLimitName> = defineLimits<CoreLimitName>('@gantry/core', {
  archiveEntryBytes: { value: 2 * GiB, unit: 'bytes', meaning: 'Size of one file in an archive.' },
  archiveTotalBytes: { value: 16 * GiB, unit: 'bytes', meaning: 'Size of all files of an archive together.' },
  archiveRatio: { value: 200, unit: 'ratio', meaning: 'Inflated to compressed size, once 16 MiB are inflated.' },
  archiveEntries: { value: 500_000, unit: 'count', meaning: 'Entries of one archive.' },
  archiveDepth: { value: 64, unit: 'count', meaning: 'Nesting depth of directories in an archive.' },
  archiveNameBytes: { value: 255, unit: 'bytes', meaning: 'Length of one path segment in an archive.' },
  archivePathBytes: { value: 4096, unit: 'bytes', meaning: 'Length of one path in an archive.' },
  archiveHeaderBytes: { value: 1 * MiB, unit: 'bytes', meaning: 'Size of one PAX or GNU extension header.' },
  zstdWindowBytes: { value: 128 * MiB, unit: 'bytes', meaning: 'Window that a zstd stream may ask for.' },
  configBytes: { value: 4 * MiB, unit: 'bytes', meaning: 'Size of a configuration file.' },
  configAliases: { value: 100, unit: 'count', meaning: 'Uses of anchors in a configuration file, expanded.' },
  configDepth: { value: 64, unit: 'count', meaning: 'Nesting depth of a configuration file.' },
  receiptBytes: { value: 64 * MiB, unit: 'bytes', meaning: 'Size of a receipt.' },
  titleBytes: { value: 255, unit: 'bytes', meaning: 'Length of the file name that a layer title gives.' },
  pluginNameLength: { value: 128, unit: 'count', meaning: 'Length of a plugin name.' },
  inflateThreads: {
    value: 8,
    unit: 'count',
    meaning: 'Layers inflated at the same time; the cgroup bounds it further.',
  },
  stagingAge: { value: 24 * hour, unit: 'milliseconds', meaning: 'Age after which abandoned staging is swept.' },
  blobAge: { value: 1 * hour, unit: 'milliseconds', meaning: 'Youngest age at which an unused blob may be pruned.' },
  contentAge: {
    value: 1 * hour,
    unit: 'milliseconds',
    meaning: 'Time that installed content stays after an update stopped using it.',
  },
  leaseAge: {
    value: hour / 6,
    unit: 'milliseconds',
    meaning: 'Age after which the lease of a holder that no longer renews it is void.',
  },
});
