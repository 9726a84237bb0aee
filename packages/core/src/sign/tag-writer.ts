import { companionTag, type Descriptor, type Digest, type Op, type Repository } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { tagSignatures } from '../trust/evidence/tag-signatures.ts';
import { SIMPLE_SIGNING_ANNOTATIONS, SIMPLE_SIGNING_MEDIA_TYPE } from '../trust/signatures/read-simple-signing.ts';
import { appendSignature } from './append-signature.ts';
import type { WitnessedSignature } from './made-signature.ts';
import type { SignatureLayer, SignatureWriter } from './signature-writer.ts';
import { simpleSigningPayload } from './statement.ts';
import { writePem } from './write-pem.ts';

/** cosign writes it beside each certificate; empty, because the trust root has the chain. */
const CHAIN_ANNOTATION = 'dev.sigstore.cosign/chain';
const LONGEST_TAG = 128;

/** Signatures under the tag `sha256-<hex>.sig`: what cosign 2 writes and reads. */
export const tagWriter: SignatureWriter = {
  format: 'cosign-v2',
  judgedAs: 'simple-signing',
  witnesses: 1,
  logVersions: [1],
  source: tagSignatures,
  input: (signed, reference, claims) => ({ message: simpleSigningPayload(signed, reference, claims) }),
  layer: ({ message }, signature) => ({
    mediaType: SIMPLE_SIGNING_MEDIA_TYPE,
    bytes: message,
    annotations: annotationsOf(signature),
  }),
  push,
};

function push(repository: Repository, subject: Descriptor, layer: SignatureLayer, op?: Op): Promise<Digest> {
  const tag = companionTag(subject.digest, 'sig');
  if (tag.length > LONGEST_TAG) {
    throw coreError('CONFIG_INVALID', `${subject.digest} is too long for a tag, so it has no cosign-v2 signatures`, {
      hint: 'sign it with --format bundle',
    });
  }
  return appendSignature(repository, tag, layer, op);
}

function annotationsOf({ signer, signature, logEntries, timestamps }: WitnessedSignature): Record<string, string> {
  const names = SIMPLE_SIGNING_ANNOTATIONS;
  const annotations: Record<string, string> = { [names.signature]: signature.toString('base64') };
  if (signer.certificate !== undefined) {
    annotations[names.certificate] = writePem('CERTIFICATE', signer.certificate);
    annotations[CHAIN_ANNOTATION] = '';
  }
  const [entry] = logEntries;
  if (entry !== undefined) {
    annotations[names.log] = JSON.stringify({
      SignedEntryTimestamp: entry.inclusionPromise?.signedEntryTimestamp.toString('base64'),
      Payload: {
        body: entry.canonicalizedBody.toString('base64'),
        integratedTime: Number(entry.integratedTime),
        logIndex: Number(entry.logIndex),
        logID: entry.logId?.keyId.toString('hex'),
      },
    });
  }
  const [timestamp] = timestamps;
  if (timestamp !== undefined) {
    annotations[names.timestamp] = JSON.stringify({ SignedRFC3161Timestamp: timestamp.toString('base64') });
  }
  return annotations;
}
