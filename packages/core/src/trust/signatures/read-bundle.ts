import { digestOf, escapeRemote, type Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { type BundleVersion, bundleVersion } from './bundle-version.ts';
import { preAuthEncoding } from './pre-auth-encoding.ts';
import { readLogEntry } from './read-log-entry.ts';
import { readStatement } from './read-statement.ts';
import type { SignatureDocument } from './signature-document.ts';
import { SignatureFields } from './signature-fields.ts';
import type { SignatureQuestion } from './signature-question.ts';
import type { CertificateHolder, KeyHolder, SignatureReading } from './signature-reading.ts';

type Content = Pick<SignatureReading, 'signed' | 'message' | 'payload' | 'signature' | 'claims'>;

const SIGNER_FORMS = ['certificate', 'x509CertificateChain', 'publicKey'] as const;
const STAMPS = 'timestampVerificationData';

/**
 * Takes a Sigstore bundle apart (sigstore_bundle.proto, versions 0.1 to 0.3, as JSON). Not through the protobuf library:
 * that reads base64 and numbers leniently, and loading it would take longer than judging a signature by a key.
 */
export function readBundle(document: SignatureDocument, question: SignatureQuestion, op?: Op): SignatureReading {
  const bundle = SignatureFields.parse(document.bytes, 'bundle', op);
  const version = bundleVersion(document.mediaType, bundle.text('mediaType'));
  bundle.only('mediaType', 'verificationMaterial', 'dsseEnvelope', 'messageSignature');
  if (bundle.has('dsseEnvelope') === bundle.has('messageSignature')) {
    throw coreError('SIGNATURE_MALFORMED', 'bundle: expected either dsseEnvelope or messageSignature');
  }
  const content = bundle.has('dsseEnvelope')
    ? readEnvelope(bundle.object('dsseEnvelope'), document, op)
    : readMessageSignature(bundle.object('messageSignature'), document, question);
  const material = bundle.object('verificationMaterial').only(...SIGNER_FORMS, 'tlogEntries', STAMPS);
  const stamps = material.has(STAMPS) ? material.object(STAMPS).only('rfc3161Timestamps') : undefined;
  return {
    ...content,
    signer: readSigner(material, version, op),
    logEntries: material.objects('tlogEntries', op).map((entry) => readLogEntry(entry, version, op)),
    timestamps: stamps?.objects('rfc3161Timestamps', op).map(readTimestamp) ?? [],
  };
}

function readTimestamp(stamp: SignatureFields): Buffer {
  return stamp.only('signedTimestamp').bytes('signedTimestamp');
}

function readEnvelope(envelope: SignatureFields, document: SignatureDocument, op: Op | undefined): Content {
  const payloadType = envelope.only('payload', 'payloadType', 'signatures').text('payloadType');
  const payload = envelope.bytes('payload');
  const statement = readStatement(payload, payloadType, document.subject, op);
  const signatures = envelope.objects('signatures', op);
  const [signature] = signatures;
  if (signature === undefined || signatures.length > 1) {
    throw coreError('SIGNATURE_MALFORMED', `dsseEnvelope: expected exactly one signature, found ${signatures.length}`);
  }
  return {
    ...statement,
    message: preAuthEncoding(payloadType, payload),
    payload,
    signature: signature.only('sig', 'keyid').bytes('sig'),
  };
}

function readMessageSignature(
  fields: SignatureFields,
  document: SignatureDocument,
  question: SignatureQuestion,
): Content {
  const digest = fields.only('messageDigest', 'signature').object('messageDigest').only('algorithm', 'digest');
  const algorithm = digest.text('algorithm');
  if (algorithm !== 'SHA2_256') {
    throw coreError('SIGNATURE_VERSION', `expected a message digest SHA2_256, found ${escapeRemote(algorithm)}`);
  }
  const signed = `sha256:${digest.bytes('digest').toString('hex')}` as const;
  if (signed !== document.subject) {
    throw coreError('SIGNATURE_SUBJECT', `expected a signature of ${document.subject}, found one of ${signed}`, {
      details: { expected: document.subject, found: signed },
    });
  }
  const message = question.manifestBytes?.find((bytes) => digestOf(bytes) === signed);
  if (message === undefined) {
    throw coreError('SIGNATURE_INVALID', `a signature over the bytes of ${signed}, which are not at hand`);
  }
  return { signed, message: Buffer.from(message), signature: fields.bytes('signature'), claims: {} };
}

function readSigner(
  material: SignatureFields,
  version: BundleVersion,
  op: Op | undefined,
): CertificateHolder | KeyHolder {
  const forms = SIGNER_FORMS.filter((form) => material.has(form));
  const [form, ...others] = forms;
  if (form === undefined || others.length > 0) {
    throw coreError(
      'SIGNATURE_MALFORMED',
      `verificationMaterial: expected one signer, found ${forms.join(', ') || 'none'}`,
    );
  }
  // Only the hint: a key that a signature brings with it never counts.
  if (form === 'publicKey') return { keyHint: material.object('publicKey').only('hint').optionalText('hint') ?? '' };
  if (form === 'certificate') return { certificate: material.object('certificate').only('rawBytes').bytes('rawBytes') };
  if (!version.chain) {
    throw coreError('SIGNATURE_MALFORMED', `bundle ${version.version} holds one certificate and no chain`);
  }
  // The rest of the chain is the trust root's business.
  const [leaf] = material.object('x509CertificateChain').only('certificates').objects('certificates', op);
  if (leaf === undefined) throw coreError('SIGNATURE_MALFORMED', 'x509CertificateChain: expected a certificate');
  return { certificate: leaf.only('rawBytes').bytes('rawBytes') };
}
