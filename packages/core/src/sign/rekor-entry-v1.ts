import { type JsonObject, type JsonValue, type Op, parseJson } from '@gantry/oci';
import { SignatureFields } from '../trust/signatures/signature-fields.ts';
import { jsonMember } from './json-member.ts';

/**
 * The entry in an answer of Rekor 1, `{UUID: {…}}`, in the form that bundles have: hexadecimal becomes base64, the kind is
 * read from the body. What does not fit stays as it is, for who reads the fields to refuse.
 */
export function readEntryV1(answer: Uint8Array, op?: Op): SignatureFields {
  const entries: readonly JsonValue[] = Object.values(parseJson(answer, op) ?? {});
  const [entry] = entries;
  if (entries.length !== 1) throw new Error(`expected one log entry, found ${entries.length}`);
  const member = (...path: readonly string[]): JsonValue => jsonMember(entry, ...path) ?? null;
  const body = member('body');
  const recorded = SignatureFields.parse(Buffer.from(String(body), 'base64'), 'log entry', op);
  const proof = (name: string): JsonValue => member('verification', 'inclusionProof', name);
  const hashes = proof('hashes');
  const converted: JsonObject = {
    logIndex: member('logIndex'),
    integratedTime: member('integratedTime'),
    canonicalizedBody: body,
    logId: { keyId: toBase64(member('logID')) },
    kindVersion: { kind: recorded.text('kind'), version: recorded.text('apiVersion') },
    inclusionPromise: { signedEntryTimestamp: member('verification', 'signedEntryTimestamp') },
    inclusionProof: {
      logIndex: proof('logIndex'),
      treeSize: proof('treeSize'),
      rootHash: toBase64(proof('rootHash')),
      hashes: Array.isArray(hashes) ? hashes.map(toBase64) : hashes,
      checkpoint: { envelope: proof('checkpoint') },
    },
  };
  return new SignatureFields(converted, 'log entry');
}

function toBase64(hex: JsonValue): JsonValue {
  if (typeof hex !== 'string' || !/^(?:[0-9a-f]{2})+$/.test(hex)) return hex;
  return Buffer.from(hex, 'hex').toString('base64');
}
