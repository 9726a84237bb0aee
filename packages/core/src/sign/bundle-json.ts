import { STATEMENT_PAYLOAD_TYPE } from '../trust/signatures/read-statement.ts';
import type { LogEntry } from '../trust/signatures/signature-reading.ts';
import type { WitnessedSignature } from './made-signature.ts';

/** The media type of the bundles that are written. */
export const BUNDLE_MEDIA_TYPE: string = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** A DSSE envelope as it stands in JSON. */
export interface EnvelopeJson {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string }[];
}

/** The envelope of an in-toto statement with one signature. */
export function envelopeOf(payload: Buffer, signature: Buffer): EnvelopeJson {
  return {
    payload: payload.toString('base64'),
    payloadType: STATEMENT_PAYLOAD_TYPE,
    signatures: [{ sig: signature.toString('base64') }],
  };
}

/**
 * The bundle of a signature over a statement (sigstore_bundle.proto, version 0.3, as JSON). Written by hand: the library
 * takes longer to load than all of signing with a key, and what it writes is the same.
 */
export function bundleJson(signature: WitnessedSignature, payload: Buffer): Buffer {
  const { logEntries, timestamps } = signature;
  const rfc3161Timestamps = timestamps.map((response) => ({ signedTimestamp: response.toString('base64') }));
  const document = {
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: {
      ...signerJson(signature),
      ...(logEntries.length === 0 ? {} : { tlogEntries: logEntries.map(logEntryJson) }),
      ...(timestamps.length === 0 ? {} : { timestampVerificationData: { rfc3161Timestamps } }),
    },
    dsseEnvelope: envelopeOf(payload, signature.signature),
  };
  return Buffer.from(JSON.stringify(document));
}

/** The hint is cosign's: base64 of the digest of the key. */
function signerJson({ signer }: WitnessedSignature): object {
  if (signer.certificate !== undefined) {
    return { certificate: { rawBytes: Buffer.from(signer.certificate).toString('base64') } };
  }
  const digest = Buffer.from(signer.keyId.slice('sha256:'.length), 'hex');
  return { publicKey: { hint: digest.toString('base64') } };
}

/** Zero is left out, as protobuf's JSON does. */
function logEntryJson({ logIndex, logId, kindVersion, integratedTime, ...entry }: LogEntry): object {
  const { inclusionPromise: promise, inclusionProof: proof, canonicalizedBody } = entry;
  return {
    ...(logIndex === '0' ? {} : { logIndex }),
    logId: { keyId: logId?.keyId.toString('base64') },
    kindVersion,
    ...(integratedTime === '0' ? {} : { integratedTime }),
    ...(promise && { inclusionPromise: { signedEntryTimestamp: promise.signedEntryTimestamp.toString('base64') } }),
    ...(proof && {
      inclusionProof: {
        ...(proof.logIndex === '0' ? {} : { logIndex: proof.logIndex }),
        rootHash: proof.rootHash.toString('base64'),
        treeSize: proof.treeSize,
        ...(proof.hashes.length === 0 ? {} : { hashes: proof.hashes.map((hash) => hash.toString('base64')) }),
        checkpoint: proof.checkpoint,
      },
    }),
    canonicalizedBody: canonicalizedBody.toString('base64'),
  };
}
