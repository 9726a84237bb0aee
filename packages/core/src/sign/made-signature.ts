import { createPublicKey } from 'node:crypto';
import type { LogEntry } from '../trust/signatures/signature-reading.ts';
import type { Signer } from './signer.ts';

/** A signature that was just made. */
export interface MadeSignature {
  readonly signer: Signer;
  /** What the signature is over. */
  readonly message: Buffer;
  /** What the envelope holds, for DSSE; the message is made from it. */
  readonly payload?: Buffer;
  readonly signature: Buffer;
}

/** A signature with what others say about it. */
export interface WitnessedSignature extends MadeSignature {
  readonly logEntries: readonly LogEntry[];
  /** RFC 3161 time-stamp responses, DER. */
  readonly timestamps: readonly Buffer[];
  /** The earliest time that somebody told, milliseconds since 1970. */
  readonly time?: number;
}

/** With what a signature is verified: the signer's certificate, else its public key; DER. */
export interface Verifier {
  readonly type: 'certificate' | 'public key';
  readonly der: Buffer;
}

/** The verifier of what a signer signs. */
export function verifierOf({ certificate, publicKey }: Signer): Verifier {
  if (certificate !== undefined) return { type: 'certificate', der: Buffer.from(certificate) };
  return { type: 'public key', der: createPublicKey(publicKey).export({ type: 'spki', format: 'der' }) };
}
