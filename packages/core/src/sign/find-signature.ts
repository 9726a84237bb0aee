import { type Descriptor, isGantryError, type Op } from '@gantry/oci';
import type { EvidenceSource } from '../trust/evidence/evidence-source.ts';
import type { SignatureDocument } from '../trust/signatures/signature-document.ts';
import { checkSignature, type SignerCheck } from './check-signature.ts';

/** A signature of one format that is there already and says what would be signed. Undefined: there is none. */
export async function findSignature(
  source: EvidenceSource,
  subject: Descriptor,
  check: SignerCheck,
  format: SignatureDocument['format'],
  op?: Op,
): Promise<SignatureDocument | undefined> {
  for await (const { documents } of source.find(subject, op)) {
    for (const document of documents) {
      if (document.format === format && (await counts(document, subject, check, op))) return document;
    }
  }
  return undefined;
}

async function counts(
  document: SignatureDocument,
  { digest }: Descriptor,
  check: SignerCheck,
  op: Op | undefined,
): Promise<boolean> {
  try {
    await checkSignature(document, digest, check, op);
    return true;
  } catch (error) {
    if (isGantryError(error)) return false;
    throw error;
  }
}
