import { escapeRemote, type Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { onlyPemBlock } from './only-pem-block.ts';
import { SignatureFields } from './signature-fields.ts';
import type { LogEntry } from './signature-reading.ts';
import { strictBase64 } from './strict-base64.ts';

/** What a log recorded. */
export interface LogBody {
  /** The digest is of the signed message, or of the payload of an envelope. */
  readonly over: 'message' | 'payload';
  readonly hash: string;
  readonly digest: Buffer;
  readonly signature: Buffer;
  readonly verifier: LoggedVerifier;
}

/** With what the signature was to be verified; DER. */
export interface LoggedVerifier {
  readonly type: 'certificate' | 'public key';
  readonly der: Buffer;
}

type BodyReader = (spec: SignatureFields, op: Op | undefined) => LogBody;

const READERS: ReadonlyMap<string, BodyReader> = new Map<string, BodyReader>([
  ['hashedrekord 0.0.1', readHashedRekordV1],
  ['hashedrekord 0.0.2', readHashedRekordV2],
  ['dsse 0.0.1', readDsseV1],
  ['dsse 0.0.2', readDsseV2],
  ['intoto 0.0.2', readIntoto],
]);

/** Reads the body of a log entry (Rekor's types, rekor/v2 protobuf). Throws `SIGNATURE_LOG` for kinds that are not known. */
export function readLogBody(entry: LogEntry, op?: Op): LogBody {
  const body = SignatureFields.parse(entry.canonicalizedBody, 'log entry', op);
  const { kind, version } = entry.kindVersion;
  const inside = `${body.text('kind')} ${body.text('apiVersion')}`;
  if (inside !== `${kind} ${version}`) {
    throw coreError(
      'SIGNATURE_LOG',
      `expected a log entry ${escapeRemote(`${kind} ${version}`)}, found ${escapeRemote(inside)}`,
    );
  }
  const reader = READERS.get(inside);
  if (reader === undefined) throw coreError('SIGNATURE_LOG', `unknown kind of log entry: ${escapeRemote(inside)}`);
  return reader(body.object('spec'), op);
}

function readHashedRekordV1(spec: SignatureFields): LogBody {
  const signature = spec.object('signature');
  return {
    over: 'message',
    ...hexDigest(spec.object('data').object('hash')),
    signature: signature.bytes('content'),
    verifier: pemVerifier(signature.object('publicKey').bytes('content')),
  };
}

function readHashedRekordV2(spec: SignatureFields): LogBody {
  const record = spec.object('hashedRekordV002');
  const signature = record.object('signature');
  return {
    over: 'message',
    ...base64Digest(record.object('data')),
    signature: signature.bytes('content'),
    verifier: derVerifier(signature.object('verifier')),
  };
}

function readDsseV1(spec: SignatureFields, op: Op | undefined): LogBody {
  const signature = onlySignature(spec, op);
  return {
    over: 'payload',
    ...hexDigest(spec.object('payloadHash')),
    signature: signature.bytes('signature'),
    verifier: pemVerifier(signature.bytes('verifier')),
  };
}

function readDsseV2(spec: SignatureFields, op: Op | undefined): LogBody {
  const dsse = spec.object('dsseV002');
  const signature = onlySignature(dsse, op);
  return {
    over: 'payload',
    ...base64Digest(dsse.object('payloadHash')),
    signature: signature.bytes('content'),
    verifier: derVerifier(signature.object('verifier')),
  };
}

function readIntoto(spec: SignatureFields, op: Op | undefined): LogBody {
  const content = spec.object('content');
  const signature = onlySignature(content.object('envelope'), op);
  // This kind keeps the base64 text of the signature as bytes, which JSON writes as base64 once more.
  const inner = strictBase64(signature.bytes('sig').toString('latin1'));
  if (inner === undefined) throw coreError('SIGNATURE_MALFORMED', 'log entry: sig: expected strict base64, twice');
  return {
    over: 'payload',
    ...hexDigest(content.object('payloadHash')),
    signature: inner,
    verifier: pemVerifier(signature.bytes('publicKey')),
  };
}

function onlySignature(fields: SignatureFields, op: Op | undefined): SignatureFields {
  const [signature, ...others] = fields.objects('signatures', op);
  if (signature === undefined || others.length > 0) {
    throw coreError('SIGNATURE_LOG', 'expected a log entry about one signature');
  }
  return signature;
}

/** Rekor v1 names hashes `sha256`, v2 names them `SHA2_256`. */
function hexDigest(fields: SignatureFields): Pick<LogBody, 'hash' | 'digest'> {
  return { hash: fields.text('algorithm'), digest: fields.hex('value') };
}

function base64Digest(fields: SignatureFields): Pick<LogBody, 'hash' | 'digest'> {
  return { hash: fields.text('algorithm').replace('SHA2_', 'sha'), digest: fields.bytes('digest') };
}

function pemVerifier(pem: Buffer): LoggedVerifier {
  const block = onlyPemBlock(pem.toString('latin1'));
  if (block?.label === 'CERTIFICATE') return { type: 'certificate', der: block.der };
  if (block?.label === 'PUBLIC KEY') return { type: 'public key', der: block.der };
  throw coreError('SIGNATURE_LOG', 'expected one certificate or one public key in the log entry');
}

function derVerifier(fields: SignatureFields): LoggedVerifier {
  if (fields.has('x509Certificate') === fields.has('publicKey')) {
    throw coreError('SIGNATURE_LOG', 'expected one certificate or one public key in the log entry');
  }
  return fields.has('publicKey')
    ? { type: 'public key', der: fields.object('publicKey').bytes('rawBytes') }
    : { type: 'certificate', der: fields.object('x509Certificate').bytes('rawBytes') };
}
