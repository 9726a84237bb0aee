import { escapeRemote, isDigest, type Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { onlyPemBlock } from './only-pem-block.ts';
import type { SignatureDocument } from './signature-document.ts';
import { SignatureFields } from './signature-fields.ts';
import type { CertificateHolder, KeyHolder, SignatureReading } from './signature-reading.ts';
import { readLogAnnotation, readTimestampAnnotation } from './simple-signing-annotations.ts';
import { strictBase64 } from './strict-base64.ts';

/** Media type of the layers of cosign's `.sig` images. */
export const SIMPLE_SIGNING_MEDIA_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';

/** Annotations of such a layer (cosign, SIGNATURE_SPEC.md). */
export const SIMPLE_SIGNING_ANNOTATIONS = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  log: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const;

/** What the payload says that it is. */
export const SIMPLE_SIGNING_TYPE = 'cosign container image signature';

/**
 * Takes a layer of a `.sig` image apart: the payload says what was signed, the annotations hold the rest. The image name
 * in the payload is not compared, because copies and mirrors have other names. Neither is the chain annotation read: the
 * issuers that count are those of the trust root.
 */
export function readSimpleSigning(document: SignatureDocument, op?: Op): SignatureReading {
  if (document.mediaType !== SIMPLE_SIGNING_MEDIA_TYPE) {
    throw coreError('SIGNATURE_VERSION', `unknown media type of a payload: ${escapeRemote(document.mediaType)}`);
  }
  const payload = SignatureFields.parse(document.bytes, 'payload', op);
  const critical = payload.object('critical');
  const type = critical.text('type');
  if (type !== SIMPLE_SIGNING_TYPE)
    throw coreError('SIGNATURE_MISSING', `expected a signature, found ${escapeRemote(type)}`);
  const signed = critical.object('image').text('docker-manifest-digest');
  if (!isDigest(signed) || signed !== document.subject) {
    throw coreError('SIGNATURE_SUBJECT', `expected a payload for ${document.subject}, found ${escapeRemote(signed)}`, {
      details: { expected: document.subject, found: escapeRemote(signed) },
    });
  }
  const annotation = (name: keyof typeof SIMPLE_SIGNING_ANNOTATIONS): string | undefined =>
    document.annotations[SIMPLE_SIGNING_ANNOTATIONS[name]];
  const log = annotation('log');
  const timestamp = annotation('timestamp');
  return {
    signed,
    message: Buffer.from(document.bytes),
    signature: readSignature(annotation('signature')),
    signer: readSigner(annotation('certificate')),
    logEntries: log === undefined ? [] : [readLogAnnotation(log, op)],
    timestamps: timestamp === undefined ? [] : [readTimestampAnnotation(timestamp, op)],
    claims: payload.texts('optional'),
  };
}

function readSignature(text: string | undefined): Buffer {
  const signature = text === undefined ? undefined : strictBase64(text);
  if (signature === undefined || signature.length === 0) {
    throw coreError('SIGNATURE_MALFORMED', `expected strict base64 in ${SIMPLE_SIGNING_ANNOTATIONS.signature}`);
  }
  return signature;
}

function readSigner(certificate: string | undefined): CertificateHolder | KeyHolder {
  if (certificate === undefined) return { keyHint: '' };
  const block = onlyPemBlock(certificate);
  if (block?.label !== 'CERTIFICATE') {
    throw coreError('SIGNATURE_MALFORMED', `expected one certificate in ${SIMPLE_SIGNING_ANNOTATIONS.certificate}`);
  }
  return { certificate: block.der };
}
