import { createHash } from 'node:crypto';
import { type Op, parseJson, type Transport } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { bundleVersion } from '../trust/signatures/bundle-version.ts';
import { compareLogEntry } from '../trust/signatures/compare-log-entry.ts';
import { readLogEntry } from '../trust/signatures/read-log-entry.ts';
import { SignatureFields } from '../trust/signatures/signature-fields.ts';
import type { LogEntry } from '../trust/signatures/signature-reading.ts';
import { BUNDLE_MEDIA_TYPE, envelopeOf } from './bundle-json.ts';
import { withoutNulls } from './json-member.ts';
import type { SignatureHash } from './key-algorithm.ts';
import { type MadeSignature, verifierOf } from './made-signature.ts';
import { readEntryV1 } from './rekor-entry-v1.ts';
import type { SigningService } from './signing-config.ts';
import { askService, askServiceJson, readAnswer, type ServiceAnswer, serviceUrl } from './signing-service.ts';
import { writePem } from './write-pem.ts';

/** Log entries have to bring what a bundle of this version demands. */
const VERSION = bundleVersion(BUNDLE_MEDIA_TYPE, BUNDLE_MEDIA_TYPE);
const EXISTS = 409;

/**
 * Writes a signature into a transparency log: `hashedrekord` into Rekor 2, `dsse` or `hashedrekord` into Rekor 1. What
 * the log says it recorded is compared with the signature; whether it really holds it is for trust material to tell.
 * Throws `SIGNATURE_SERVICE` for an entry about something else, `CONFIG_KEY_INVALID` for keys whose signatures the log does not
 * take, and what {@link askServiceJson} throws.
 */
export async function logSignature(
  transport: Transport,
  log: SigningService,
  made: MadeSignature,
  op?: Op,
): Promise<LogEntry> {
  const { hash } = made.signer.algorithm;
  if (hash === undefined) throw unrecorded('signatures by Ed25519 keys are not recorded in transparency logs');
  // It verifies what it records, and knows ECDSA with this hash alone.
  if (log.version === 1 && hash !== 'sha256') throw unrecorded('Rekor 1 records no signatures by P-384 and P-521 keys');
  const { url, read } = await (log.version === 1 ? askVersion1 : askVersion2)(transport, log.url, made, hash, op);
  return readAnswer(url, () => {
    const entry = readLogEntry(read(), VERSION, op);
    const { message, payload, signature, signer } = made;
    const recorded = { message, signature, ...(payload === undefined ? {} : { payload }) };
    compareLogEntry(entry, recorded, verifierOf(signer), op);
    return entry;
  });
}

function unrecorded(message: string): Error {
  return coreError('CONFIG_KEY_INVALID', message, {
    hint: 'sign with a P-256 key, or with a signing configuration that lists no such log',
  });
}

/** An answer, and how the entry in it is read. */
interface LogAnswer {
  readonly url: URL;
  readonly read: () => SignatureFields;
}

type Ask = (transport: Transport, base: URL, made: MadeSignature, hash: SignatureHash, op?: Op) => Promise<LogAnswer>;

const askVersion2: Ask = async (transport, base, made, hash, op) => {
  const url = serviceUrl(base, '/api/v2/log/entries');
  const { type, der } = verifierOf(made.signer);
  const key = { rawBytes: der.toString('base64') };
  const verifier = type === 'certificate' ? { x509Certificate: key } : { publicKey: key };
  const hashedRekordRequestV002 = {
    digest: createHash(hash).update(made.message).digest('base64'),
    signature: {
      content: made.signature.toString('base64'),
      verifier: { ...verifier, keyDetails: made.signer.algorithm.details },
    },
  };
  const answer = await askServiceJson(transport, url, { hashedRekordRequestV002 }, { repeatable: false }, op);
  return { url, read: () => new SignatureFields(withoutNulls(parseJson(answer.bytes, op)), 'log entry') };
};

const askVersion1: Ask = async (transport, base, made, hash, op) => {
  const url = serviceUrl(base, '/api/v1/log/entries');
  const statuses = [200, 201, EXISTS];
  const entry = made.payload === undefined ? hashedRekord(made, hash) : dsse(made, made.payload);
  const answer = await askServiceJson(transport, url, entry, { repeatable: false, statuses }, op);
  const { bytes } = answer.status === EXISTS ? await existing(transport, url, answer, op) : answer;
  return { url, read: () => readEntryV1(bytes, op) };
};

/** Signatures that are the same each time they are made may be in the log already. */
function existing(transport: Transport, url: URL, answer: ServiceAnswer, op?: Op): Promise<ServiceAnswer> {
  const location = answer.header('location') ?? '';
  const at = transport.locate(location, url, url.host);
  const accept = 'application/json';
  return askService(transport, { method: 'GET', url: at, accept, repeatable: true, statuses: [200] }, op);
}

function hashedRekord({ signer, message, signature }: MadeSignature, hash: SignatureHash): object {
  return {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: hash, value: createHash(hash).update(message).digest('hex') } },
      signature: { content: signature.toString('base64'), publicKey: { content: verifierPem(signer) } },
    },
  };
}

function dsse({ signer, signature }: MadeSignature, payload: Buffer): object {
  const envelope = JSON.stringify(envelopeOf(payload, signature));
  return {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: { proposedContent: { envelope, verifiers: [verifierPem(signer)] } },
  };
}

/** Base64 of PEM, as Rekor 1 wants it. */
function verifierPem(signer: MadeSignature['signer']): string {
  const { type, der } = verifierOf(signer);
  return Buffer.from(writePem(type === 'certificate' ? 'CERTIFICATE' : 'PUBLIC KEY', der)).toString('base64');
}
