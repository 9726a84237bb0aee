import type { Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import type { BundleVersion } from './bundle-version.ts';
import type { SignatureFields } from './signature-fields.ts';
import type { LogEntry } from './signature-reading.ts';

const FIELDS = [
  ...['logIndex', 'logId', 'kindVersion', 'integratedTime'],
  ...['inclusionPromise', 'inclusionProof', 'canonicalizedBody'],
];

/** Reads a log entry of a bundle and checks that it brings what the bundle's version demands. */
export function readLogEntry(entry: SignatureFields, version: BundleVersion, op?: Op): LogEntry {
  entry.only(...FIELDS);
  const kind = entry.object('kindVersion').only('kind', 'version');
  const promise = entry.has('inclusionPromise')
    ? entry.object('inclusionPromise').only('signedEntryTimestamp')
    : undefined;
  const proof = entry.has('inclusionProof') ? entry.object('inclusionProof') : undefined;
  if ((version.logEntry === 'promise' ? promise : proof) === undefined) {
    throw coreError('SIGNATURE_MALFORMED', `a log entry of bundle ${version.version} needs a ${version.logEntry}`);
  }
  return {
    logIndex: entry.decimal('logIndex'),
    logId: { keyId: entry.object('logId').only('keyId').bytes('keyId') },
    kindVersion: { kind: kind.text('kind'), version: kind.text('version') },
    integratedTime: entry.decimal('integratedTime'),
    inclusionPromise: promise && { signedEntryTimestamp: promise.bytes('signedEntryTimestamp') },
    inclusionProof: proof && readProof(proof, op),
    canonicalizedBody: entry.bytes('canonicalizedBody'),
  };
}

function readProof(proof: SignatureFields, op: Op | undefined): NonNullable<LogEntry['inclusionProof']> {
  proof.only('logIndex', 'rootHash', 'treeSize', 'hashes', 'checkpoint');
  return {
    logIndex: proof.decimal('logIndex'),
    rootHash: proof.bytes('rootHash'),
    treeSize: proof.decimal('treeSize'),
    hashes: proof.byteStrings('hashes', op),
    checkpoint: { envelope: proof.object('checkpoint').only('envelope').text('envelope') },
  };
}
