import { defineLimits, type LimitTable } from '@gantry/oci';

/** Names of the limits of this package. */
export type RegistryLimitName =
  | 'servedManifestBytes'
  | 'servedBlobBytes'
  | 'servedMemoryBytes'
  | 'servedUploads'
  | 'servedUploadAge'
  | 'servedPage'
  | 'servedPageBytes'
  | 'servedIdleTimeout';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const minute = 60_000;

/** The limits of `@gantry/registry`: what the embedded server accepts and serves. */
export const registryLimits: LimitTable<RegistryLimitName> = defineLimits<RegistryLimitName>('@gantry/registry', {
  servedManifestBytes: { value: 4 * MiB, unit: 'bytes', meaning: 'Size of a manifest that the server accepts.' },
  servedBlobBytes: { value: 64 * GiB, unit: 'bytes', meaning: 'Size of a blob that the server accepts.' },
  servedMemoryBytes: { value: 4 * GiB, unit: 'bytes', meaning: 'Bytes that a server without a directory keeps.' },
  servedUploads: { value: 1000, unit: 'count', meaning: 'Uploads that are open on the server at the same time.' },
  servedUploadAge: { value: 60 * minute, unit: 'milliseconds', meaning: 'Idle time after which an upload is dropped.' },
  servedPage: { value: 1000, unit: 'count', meaning: 'Tags or referrers in one answer; more are on further pages.' },
  servedPageBytes: { value: 3 * MiB, unit: 'bytes', meaning: 'Size of one page of referrers.' },
  servedIdleTimeout: { value: 2 * minute, unit: 'milliseconds', meaning: 'Silence after which a client is cut off.' },
});
