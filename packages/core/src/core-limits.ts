import { defineLimits, type LimitTable } from '@gantry/oci';

/** Names of the limits of this package. */
export type CoreLimitName =
  | 'archiveEntryBytes'
  | 'archiveTotalBytes'
  | 'archiveRatio'
  | 'archiveRatioFloor'
  | 'archiveEntries'
  | 'archiveDepth'
  | 'archiveNameBytes'
  | 'archivePathBytes'
  | 'archiveListingBytes'
  | 'archiveHeaderBytes'
  | 'zstdWindowBytes'
  | 'configBytes'
  | 'configAliases'
  | 'configDepth'
  | 'receiptBytes'
  | 'lockBytes'
  | 'titleBytes'
  | 'tarballBytes'
  | 'pluginNameLength'
  | 'inflateThreads'
  | 'stagingAge'
  | 'blobAge'
  | 'lockHeartbeat'
  | 'lockStale'
  | 'lockPoll'
  | 'leaseHeartbeat'
  | 'leaseAge'
  | 'ownerBytes'
  | 'serviceAnswerBytes'
  | 'signatureWriteAttempts'
  | 'contentAge'
  | 'signatureProofs'
  | 'clockSkew'
  | 'signatureCandidates'
  | 'signatureLayers'
  | 'signatureBytes'
  | 'signatureTotalBytes'
  | 'pemBytes'
  | 'trustRootBytes'
  | 'trustRootRefresh'
  | 'trustRootGrace';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const second = 1000;
const hour = 3600 * second;

/** The limits of `@gantry/core`. */
export const coreLimits: LimitTable<CoreLimitName> = defineLimits<CoreLimitName>('@gantry/core', {
  archiveEntryBytes: { value: 2 * GiB, unit: 'bytes', meaning: 'Size of one file in an archive.' },
  archiveTotalBytes: {
    value: 16 * GiB,
    unit: 'bytes',
    meaning: 'Inflated size of all layers together, copies of hard links included.',
  },
  archiveRatio: { value: 200, unit: 'ratio', meaning: 'Inflated to compressed size, above archiveRatioFloor.' },
  archiveRatioFloor: { value: 16 * MiB, unit: 'bytes', meaning: 'Inflated bytes below which no ratio is demanded.' },
  archiveEntries: {
    value: 500_000,
    unit: 'count',
    meaning: 'Entries of all layers together, implied directories included; frames of one zstd layer.',
  },
  archiveDepth: { value: 64, unit: 'count', meaning: 'Nesting depth of directories in an archive.' },
  archiveNameBytes: { value: 255, unit: 'bytes', meaning: 'Length of one path segment in an archive.' },
  archivePathBytes: { value: 4096, unit: 'bytes', meaning: 'Length of one path in an archive.' },
  archiveListingBytes: {
    value: 64 * MiB,
    unit: 'bytes',
    meaning: 'Length of all paths and link targets of all layers together, which are held in memory.',
  },
  archiveHeaderBytes: { value: 1 * MiB, unit: 'bytes', meaning: 'Size of one PAX or GNU extension header.' },
  zstdWindowBytes: { value: 128 * MiB, unit: 'bytes', meaning: 'Window that a zstd stream may ask for.' },
  configBytes: { value: 1 * MiB, unit: 'bytes', meaning: 'Size of a configuration file.' },
  configAliases: {
    value: 100,
    unit: 'count',
    meaning: 'Uses of one anchor in a configuration file, multiplied through, itself included.',
  },
  configDepth: { value: 64, unit: 'count', meaning: 'Nesting depth of a configuration file.' },
  lockBytes: { value: 4 * MiB, unit: 'bytes', meaning: 'Size of a gantry.lock.' },
  receiptBytes: { value: 64 * MiB, unit: 'bytes', meaning: 'Size of a receipt.' },
  titleBytes: { value: 255, unit: 'bytes', meaning: 'Length of the file name that a layer title gives.' },
  tarballBytes: { value: 4 * GiB, unit: 'bytes', meaning: 'Size of a file that a URL names.' },
  pluginNameLength: { value: 128, unit: 'count', meaning: 'Length of a plugin name.' },
  inflateThreads: {
    value: 8,
    unit: 'count',
    meaning: 'Layers inflated at the same time; the cgroup bounds it further.',
  },
  stagingAge: { value: 24 * hour, unit: 'milliseconds', meaning: 'Age after which abandoned staging is swept.' },
  blobAge: { value: 1 * hour, unit: 'milliseconds', meaning: 'Youngest age at which an unused blob may be pruned.' },
  lockHeartbeat: { value: 5 * second, unit: 'milliseconds', meaning: 'How often the holder of a lock shows it lives.' },
  lockStale: { value: 30 * second, unit: 'milliseconds', meaning: 'Silence after which a lock is taken over.' },
  lockPoll: { value: second / 4, unit: 'milliseconds', meaning: 'Longest pause between looks at a lock.' },
  leaseHeartbeat: { value: 60 * second, unit: 'milliseconds', meaning: 'How often a lease is renewed.' },
  leaseAge: { value: 1 * hour, unit: 'milliseconds', meaning: 'Silence after which a lease no longer counts.' },
  ownerBytes: { value: 1 * MiB, unit: 'bytes', meaning: 'Size of a lock or lease file.' },
  serviceAnswerBytes: {
    value: 1 * MiB,
    unit: 'bytes',
    meaning: 'Size of an answer of a service that takes part in signing.',
  },
  signatureWriteAttempts: {
    value: 5,
    unit: 'count',
    meaning: 'Attempts to add a signature to those under a .sig tag while others write there.',
  },
  contentAge: {
    value: 1 * hour,
    unit: 'milliseconds',
    meaning: 'Time that installed content stays after an update stopped using it.',
  },
  pemBytes: {
    value: 64 * KiB,
    unit: 'bytes',
    meaning: 'Size of a file of public keys or certificates that the policy names.',
  },
  trustRootBytes: {
    value: 1 * MiB,
    unit: 'bytes',
    meaning: 'Size of a trusted_root.json, or of the root of a TUF repository.',
  },
  trustRootRefresh: {
    value: 24 * hour,
    unit: 'milliseconds',
    meaning: 'Age at which a trust root from TUF is looked for anew before a new verdict.',
  },
  trustRootGrace: {
    value: 72 * hour,
    unit: 'milliseconds',
    meaning: 'Time that a trust root from TUF serves new verdicts after it expired, when it cannot be renewed.',
  },
  signatureProofs: {
    value: 64,
    unit: 'count',
    meaning: 'Entries in one list of a signature: log entries, timestamps, certificates, subjects, hashes of a proof.',
  },
  clockSkew: {
    value: 300 * second,
    unit: 'milliseconds',
    meaning: 'How far in the future the time of a signature may lie, since clocks differ.',
  },
  signatureCandidates: {
    value: 50,
    unit: 'count',
    meaning: 'Referrers of one subject that are opened to find signatures.',
  },
  signatureLayers: { value: 50, unit: 'count', meaning: 'Signatures of one manifest that are looked at.' },
  signatureBytes: {
    value: 1 * MiB,
    unit: 'bytes',
    meaning: 'Size of one signature: a bundle, or a payload of simple signing.',
  },
  signatureTotalBytes: {
    value: 16 * MiB,
    unit: 'bytes',
    meaning: 'Size of all signatures together that are looked at for one artifact.',
  },
});
