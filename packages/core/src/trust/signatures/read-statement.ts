import { type Digest, digestAlgorithm, digestHex, escapeRemote, type Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { SignatureFields } from './signature-fields.ts';

/** The payload type of in-toto statements in DSSE envelopes. */
export const STATEMENT_PAYLOAD_TYPE = 'application/vnd.in-toto+json';
/** Statements by which cosign signs an image; every other predicate says something else about it. */
export const SIGNATURE_PREDICATE_TYPE = 'https://sigstore.dev/cosign/sign/v1';

/** The version of in-toto statements. */
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';

/** What a signing statement says. */
export interface SigningStatement {
  readonly signed: Digest;
  readonly claims: Readonly<Record<string, string>>;
}

/**
 * Reads a signing statement about `expected`. Exactly one of its subjects has to be that; claims are that subject's
 * annotations. Throws `SIGNATURE_MISSING` for attestations, which are no signatures (C5), `SIGNATURE_SUBJECT` for
 * another subject, `SIGNATURE_VERSION`, `SIGNATURE_MALFORMED`.
 */
export function readStatement(payload: Buffer, payloadType: string, expected: Digest, op?: Op): SigningStatement {
  if (payloadType !== STATEMENT_PAYLOAD_TYPE) throw noSignature(`an envelope of ${escapeRemote(payloadType)}`);
  const statement = SignatureFields.parse(payload, 'statement', op);
  const predicateType = statement.text('predicateType');
  if (predicateType !== SIGNATURE_PREDICATE_TYPE) throw noSignature(`an attestation ${escapeRemote(predicateType)}`);
  const type = statement.text('_type');
  if (type !== STATEMENT_TYPE) {
    throw coreError('SIGNATURE_VERSION', `expected a statement ${STATEMENT_TYPE}, found ${escapeRemote(type)}`);
  }
  const subjects = statement.objects('subject', op);
  const matching = subjects.filter((subject) => isAbout(subject, expected));
  const [subject] = matching;
  if (subject === undefined || matching.length > 1) {
    const found = subjects.map((other) => JSON.stringify(other.texts('digest'))).join(' ');
    throw coreError('SIGNATURE_SUBJECT', `expected one subject ${expected}, found ${escapeRemote(found)}`, {
      details: { expected, subjects: subjects.length, matching: matching.length },
    });
  }
  return { signed: expected, claims: subject.texts('annotations') };
}

function isAbout(subject: SignatureFields, expected: Digest): boolean {
  return subject.texts('digest')[digestAlgorithm(expected)] === digestHex(expected);
}

function noSignature(found: string): Error {
  return coreError('SIGNATURE_MISSING', `expected a signature, found ${found}`);
}
