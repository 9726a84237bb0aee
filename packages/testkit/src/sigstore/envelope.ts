import type { KeyObject } from 'node:crypto';
import type { EnvelopeJson } from './bundle-json.ts';
import { type LabHash, signature } from './keys.ts';

/** What a DSSE signature is over (PAE, DSSE 1.0). */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType);
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload]);
}

/** An envelope with one signature. */
export function signEnvelope(
  payload: Uint8Array,
  payloadType: string,
  privateKey: KeyObject,
  hash: LabHash,
): EnvelopeJson {
  const sig = signature(preAuthEncoding(payloadType, payload), privateKey, hash).toString('base64');
  return { payload: Buffer.from(payload).toString('base64'), payloadType, signatures: [{ sig }] };
}
