import type { Annotations, Descriptor, Digest, Op, Repository } from '@gantry/oci';
import type { EvidenceSource } from '../trust/evidence/evidence-source.ts';
import type { SignatureDocument } from '../trust/signatures/signature-document.ts';
import type { WitnessedSignature } from './made-signature.ts';
import type { Claims } from './statement.ts';

/** How signatures are kept beside what they sign: cosign's two ways, by the names of the command line. */
export type SigningFormat = 'bundle' | 'cosign-v2';

/** What is signed in one format. */
export interface SigningInput {
  /** The bytes that the signature is over. */
  readonly message: Buffer;
  /** What the envelope holds, for formats with one. */
  readonly payload?: Buffer;
}

/** A signature as a layer. */
export interface SignatureLayer {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly annotations: Annotations;
}

/** One format: what is signed, how it is written down, and where it goes. */
export interface SignatureWriter {
  readonly format: SigningFormat;
  /** What the judge calls it. */
  readonly judgedAs: SignatureDocument['format'];
  /** How many log entries and timestamps of each kind fit in. */
  readonly witnesses: number;
  /** The versions of Rekor whose entries fit in. */
  readonly logVersions: readonly number[];
  /** Where signatures of this format are found again. */
  source(repository: Repository): EvidenceSource;
  input(signed: Digest, reference: string, claims: Claims): SigningInput;
  layer(input: SigningInput, signature: WitnessedSignature): SignatureLayer;
  /** Adds the layer to what the repository has about `subject`; the answer is the manifest that holds it. */
  push(repository: Repository, subject: Descriptor, layer: SignatureLayer, op?: Op): Promise<Digest>;
}
