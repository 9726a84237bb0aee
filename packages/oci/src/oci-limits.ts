import { defineLimits, type LimitTable } from './limits.ts';

/** Names of the limits of this package. */
export type OciLimitName =
  | 'referenceLength'
  | 'manifestBytes'
  | 'manifestMemoryBytes'
  | 'jsonDepth'
  | 'jsonValues'
  | 'manifestDescriptors'
  | 'annotationBytes'
  | 'indexDepth'
  | 'nestedIndexes'
  | 'graphManifests'
  | 'blobBytes'
  | 'mirrorHeldBytes'
  | 'uploadChunkBytes'
  | 'errorBodyBytes'
  | 'tokenBytes'
  | 'tokenLifetime'
  | 'headerBytes'
  | 'linkHeaderBytes'
  | 'redirects'
  | 'pages'
  | 'tags'
  | 'tagListBytes'
  | 'referrers'
  | 'referrersOpened'
  | 'retries'
  | 'resumeProgressBytes'
  | 'retryDelay'
  | 'retryAfter'
  | 'connectTimeout'
  | 'idleTimeout'
  | 'minimumRate'
  | 'requestTimeout'
  | 'operationTimeout'
  | 'connectionsPerOrigin'
  | 'idleConnection'
  | 'parallelTransfers'
  | 'certificateFileBytes'
  | 'credentialFileBytes'
  | 'helperOutputBytes'
  | 'helperTimeout'
  | 'fallbackWriteAttempts'
  | 'layoutLockTimeout'
  | 'layoutLockAge'
  | 'layoutIngestAge';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const second = 1000;

/** The limits of `@gantry/oci`. */
export const ociLimits: LimitTable<OciLimitName> = defineLimits<OciLimitName>('@gantry/oci', {
  referenceLength: { value: 4096, unit: 'bytes', meaning: 'Length of a reference.' },
  manifestBytes: { value: 4 * MiB, unit: 'bytes', meaning: 'Size of a manifest, an index or a list of referrers.' },
  manifestMemoryBytes: { value: 16 * MiB, unit: 'bytes', meaning: 'Manifests that one open repository remembers.' },
  jsonDepth: { value: 64, unit: 'count', meaning: 'Nesting depth of a JSON document.' },
  jsonValues: { value: 250_000, unit: 'count', meaning: 'Values in a JSON document, however small.' },
  manifestDescriptors: { value: 10_000, unit: 'count', meaning: 'Descriptors in one manifest or index.' },
  annotationBytes: { value: 256 * KiB, unit: 'bytes', meaning: 'Size of one annotation value.' },
  indexDepth: { value: 4, unit: 'count', meaning: 'Indexes nested in indexes.' },
  nestedIndexes: { value: 100, unit: 'count', meaning: 'Nested indexes that are opened to find one platform.' },
  graphManifests: { value: 10_000, unit: 'count', meaning: 'Manifests that one copy visits.' },
  blobBytes: { value: 64 * GiB, unit: 'bytes', meaning: 'Size of one blob.' },
  mirrorHeldBytes: {
    value: 4 * MiB,
    unit: 'bytes',
    meaning: 'Size up to which the blob of a mirror is held until it is verified.',
  },
  uploadChunkBytes: {
    value: 8 * MiB,
    unit: 'bytes',
    meaning: 'Size of one chunk of a chunked upload, held in memory.',
  },
  errorBodyBytes: { value: 64 * KiB, unit: 'bytes', meaning: 'Body of an error answer that is read.' },
  tokenBytes: { value: 64 * KiB, unit: 'bytes', meaning: 'Answer of a token service.' },
  tokenLifetime: { value: 3600 * second, unit: 'milliseconds', meaning: 'Longest time a token is kept.' },
  headerBytes: { value: 64 * KiB, unit: 'bytes', meaning: 'All headers of one answer.' },
  linkHeaderBytes: { value: 8 * KiB, unit: 'bytes', meaning: 'The Link header of one page.' },
  redirects: { value: 5, unit: 'count', meaning: 'Redirects followed for one request.' },
  pages: { value: 1000, unit: 'count', meaning: 'Pages of one listing.' },
  tags: { value: 100_000, unit: 'count', meaning: 'Tags of one listing.' },
  tagListBytes: { value: 16 * MiB, unit: 'bytes', meaning: 'Size of one page of a list of tags.' },
  referrers: { value: 10_000, unit: 'count', meaning: 'Referrers of one subject.' },
  referrersOpened: {
    value: 100,
    unit: 'count',
    meaning: 'Referrers of one subject that are opened to find an artifact type.',
  },
  retries: { value: 5, unit: 'count', meaning: 'Attempts for one request, the first included.' },
  resumeProgressBytes: {
    value: 1 * MiB,
    unit: 'bytes',
    meaning: 'What a cut transfer must have brought for its attempt not to count towards retries.',
  },
  retryDelay: { value: 3 * second, unit: 'milliseconds', meaning: 'Longest pause between attempts.' },
  retryAfter: { value: 60 * second, unit: 'milliseconds', meaning: 'Longest Retry-After that is honoured.' },
  connectTimeout: { value: 15 * second, unit: 'milliseconds', meaning: 'Time to connect, TLS included.' },
  idleTimeout: { value: 30 * second, unit: 'milliseconds', meaning: 'Time without a byte on a connection.' },
  minimumRate: {
    value: 1 * KiB,
    unit: 'bytes/second',
    meaning: 'Slowest transfer of a body, averaged over idleTimeout.',
  },
  requestTimeout: {
    value: 60 * second,
    unit: 'milliseconds',
    meaning: 'Time for the headers of an answer, or for a whole small document.',
  },
  operationTimeout: {
    value: 3600 * second,
    unit: 'milliseconds',
    meaning: 'Time for one request with its retries and its body.',
  },
  connectionsPerOrigin: {
    value: 8,
    unit: 'count',
    meaning: 'Connections to one origin, two at least; half of them may send content. Tokens come on top.',
  },
  idleConnection: { value: 60 * second, unit: 'milliseconds', meaning: 'Time that a connection nobody uses is kept.' },
  parallelTransfers: { value: 8, unit: 'count', meaning: 'Blobs moved at the same time in one operation.' },
  certificateFileBytes: { value: 4 * MiB, unit: 'bytes', meaning: 'Size of a file of certificates or a key.' },
  credentialFileBytes: { value: 1 * MiB, unit: 'bytes', meaning: 'Size of a credential file.' },
  helperOutputBytes: { value: 64 * KiB, unit: 'bytes', meaning: 'Output of a credential helper.' },
  helperTimeout: { value: 30 * second, unit: 'milliseconds', meaning: 'Run time of a credential helper.' },
  fallbackWriteAttempts: { value: 5, unit: 'count', meaning: 'Attempts to write a referrers fallback tag.' },
  layoutLockTimeout: {
    value: 30 * second,
    unit: 'milliseconds',
    meaning: 'Time to wait for another writer of the same layout.',
  },
  layoutLockAge: {
    value: 10 * second,
    unit: 'milliseconds',
    meaning: 'Age at which the lock of a writer on another machine counts as abandoned.',
  },
  layoutIngestAge: {
    value: 24 * 3600 * second,
    unit: 'milliseconds',
    meaning: 'Age at which an unfinished write in a layout counts as abandoned.',
  },
});
