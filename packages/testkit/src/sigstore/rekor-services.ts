import { createPublicKey, verify } from 'node:crypto';
import type { EnvelopeJson, LogEntryJson } from './bundle-json.ts';
import { canonicalJson } from './canonical-json.ts';
import { preAuthEncoding } from './envelope.ts';
import { sha256 } from './hash.ts';
import type { SigstoreLab } from './lab.ts';
import { asRecord, jsonAnswer, jsonBody, refusal, type Service } from './service.ts';
import type { LogBody } from './transparency-log.ts';

/** `POST /api/v1/log/entries`, and `GET` of an entry that was there already, of Rekor version 1. */
export function rekorV1Service(lab: SigstoreLab): Service {
  const entries = new Map<string, object>();
  return (request) => {
    if (request.method === 'GET') {
      const found = entries.get(request.path.split('/').at(-1) ?? '');
      return found === undefined ? refusal(404, 'entry not found') : jsonAnswer(200, found);
    }
    const body = bodyV1(jsonBody(request));
    if (body === undefined) return refusal(400, 'error processing entry: signature does not verify');
    const uuid = sha256(canonicalJson(body)).toString('hex');
    const headers = { location: `/api/v1/log/entries/${uuid}`, etag: uuid };
    if (entries.has(uuid))
      return jsonAnswer(409, { code: 409, message: 'an equivalent entry already exists' }, headers);
    const answer = { [uuid]: answerV1(lab.logV1.add(body)) };
    entries.set(uuid, answer);
    return jsonAnswer(201, answer, headers);
  };
}

/** What keys hash with in version 2, where that is not SHA-256. */
const PREHASH: Readonly<Record<string, string>> = {
  PKIX_ECDSA_P384_SHA_384: 'SHA2_384',
  PKIX_ECDSA_P521_SHA_512: 'SHA2_512',
  PKIX_ED25519_PH: 'SHA2_512',
};

/** `POST /api/v2/log/entries` of Rekor version 2, which takes `hashedrekord` only. */
export function rekorV2Service(lab: SigstoreLab): Service {
  return (request) => {
    const asked = asRecord(jsonBody(request)['hashedRekordRequestV002']);
    const { digest, signature } = asked;
    if (typeof digest !== 'string') return refusal(400, 'invalid type: expected hashedRekordRequestV002');
    const { keyDetails } = asRecord(asRecord(signature)['verifier']);
    const algorithm = PREHASH[String(keyDetails)] ?? 'SHA2_256';
    const hashedRekordV002 = { data: { algorithm, digest }, signature };
    return jsonAnswer(201, lab.logV2.add({ kind: 'hashedrekord', apiVersion: '0.0.2', spec: { hashedRekordV002 } }));
  };
}

/** What version 1 logs of a proposed entry; undefined when a signature in it does not verify. */
function bodyV1(proposed: Record<string, unknown>): LogBody | undefined {
  if (proposed['kind'] !== 'dsse') {
    return { kind: String(proposed['kind']), apiVersion: String(proposed['apiVersion']), spec: proposed['spec'] };
  }
  const content = asRecord(asRecord(proposed['spec'])['proposedContent']);
  const text = String(content['envelope']);
  const envelope: EnvelopeJson = JSON.parse(text);
  const verifiers = Array.isArray(content['verifiers']) ? content['verifiers'].map(String) : [];
  const payload = Buffer.from(envelope.payload ?? '', 'base64');
  const signed = preAuthEncoding(envelope.payloadType ?? '', payload);
  const signatures = (envelope.signatures ?? []).map(({ sig = '' }, at) => ({
    signature: sig,
    verifier: verifiers[at],
  }));
  const good = signatures.every(({ signature, verifier = '' }) => verifies(signed, signature, verifier));
  if (!good) return undefined;
  const spec = {
    envelopeHash: { algorithm: 'sha256', value: sha256(text).toString('hex') },
    payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
    signatures,
  };
  return { kind: 'dsse', apiVersion: '0.0.1', spec };
}

function verifies(signed: Buffer, signature: string, verifier: string): boolean {
  const key = createPublicKey(Buffer.from(verifier, 'base64').toString());
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return verify(hash, signed, key, Buffer.from(signature, 'base64'));
}

/** The entry in the words of version 1: hexadecimal, and numbers as numbers. */
function answerV1(entry: LogEntryJson): object {
  const { inclusionProof: proof } = entry;
  const hex = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('hex');
  return {
    body: entry.canonicalizedBody,
    integratedTime: Number(entry.integratedTime),
    logID: hex(entry.logId?.keyId),
    logIndex: Number(entry.logIndex),
    verification: {
      inclusionProof: {
        checkpoint: proof?.checkpoint?.envelope,
        hashes: (proof?.hashes ?? []).map(hex),
        logIndex: Number(proof?.logIndex ?? 0),
        rootHash: hex(proof?.rootHash),
        treeSize: Number(proof?.treeSize),
      },
      signedEntryTimestamp: entry.inclusionPromise?.signedEntryTimestamp,
    },
  };
}
