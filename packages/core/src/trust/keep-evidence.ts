import { digestOf } from '@gantry/oci';
import type { Evidence } from './evidence.ts';
import type { SignedDecision } from './judge-signed.ts';
import { evidenceDigest } from './signatures/evidence-digest.ts';
import { encodeEvidence } from './signatures/evidence-file.ts';
import type { EvidenceFile } from './verified-plugin.ts';

/** Evidence together with the documents it names. */
export interface KeptEvidence {
  readonly evidence: readonly Evidence[];
  readonly files: readonly EvidenceFile[];
}

/**
 * What of the evidence is kept with an installed plugin: the signatures that the verdict rests on, and the manifests when one
 * of these is over their bytes. What was found and does not count is not kept.
 */
export function keepEvidence({ verdict, documents, manifests }: SignedDecision): KeptEvidence {
  const evidence: Evidence[] = [];
  const files = new Map<string, EvidenceFile>();
  for (const document of documents) {
    const digest = evidenceDigest(document);
    if (!verdict.evidence.includes(digest) || files.has(digest)) continue;
    const { format, subject } = document;
    const bytes = encodeEvidence(document);
    files.set(digest, { digest, bytes });
    evidence.push({ type: 'signature', format, subject, digest, size: bytes.length });
  }
  const overBytes = documents.some(({ format, bytes }) => format === 'bundle' && isOverBytes(bytes));
  for (const bytes of evidence.length > 0 && overBytes ? manifests : []) {
    const digest = digestOf(bytes);
    files.set(digest, { digest, bytes });
    evidence.push({ type: 'manifest', digest, size: bytes.length });
  }
  return { evidence, files: [...files.values()] };
}

/** Whether a bundle holds a signature of a message and not of a statement. To take one for it keeps a file too many. */
function isOverBytes(bundle: Uint8Array): boolean {
  return Buffer.from(bundle).includes('messageSignature');
}
