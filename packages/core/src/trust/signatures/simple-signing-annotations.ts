import type { Op } from '@gantry/oci';
import { SignatureFields } from './signature-fields.ts';
import type { LogEntry } from './signature-reading.ts';

/** Reads the log entry that cosign keeps in an annotation: always with a promise, never with a proof. */
export function readLogAnnotation(text: string, op?: Op): LogEntry {
  const fields = SignatureFields.parse(text, 'log annotation', op);
  const entry = fields.object('Payload');
  const canonicalizedBody = entry.bytes('body');
  // The kind stands in the body alone; what it is worth is decided when the body is compared.
  const body = SignatureFields.parse(canonicalizedBody, 'log annotation: body', op);
  return {
    logIndex: entry.decimal('logIndex'),
    logId: { keyId: entry.hex('logID') },
    kindVersion: { kind: body.text('kind'), version: body.text('apiVersion') },
    integratedTime: entry.decimal('integratedTime'),
    inclusionPromise: { signedEntryTimestamp: fields.bytes('SignedEntryTimestamp') },
    inclusionProof: undefined,
    canonicalizedBody,
  };
}

/** Reads the time-stamp response that cosign keeps in an annotation; DER. */
export function readTimestampAnnotation(text: string, op?: Op): Buffer {
  return SignatureFields.parse(text, 'timestamp annotation', op).bytes('SignedRFC3161Timestamp');
}
