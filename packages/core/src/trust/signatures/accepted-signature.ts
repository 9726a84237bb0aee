import type { Digest } from '@gantry/oci';
import type { SignatureFormat } from './signature-document.ts';

/** A signature that satisfies every constraint of one clause. Plain data, kept in verdicts. */
export interface AcceptedSignature {
  /** Digest of the evidence document. */
  readonly evidence: Digest;
  readonly format: SignatureFormat;
  /** What was signed: the index or the platform's manifest. */
  readonly signed: Digest;
  /** The rule of the policy that accepted it, for people: `key sha256:… (release.pub)`, `identity … by …`. */
  readonly clause: string;
  /** Tells signers apart when several are required: the digest of the key, or the rule that the identity matched. */
  readonly signer: string;
  /** SHA-256 of the public key (SPKI, DER), when a configured key verified it. */
  readonly key?: Digest;
  /** Subject alternative name of the certificate. */
  readonly identity?: string;
  readonly issuer?: string;
  readonly log?: LogFact;
  /** The trusted signing time, in milliseconds since 1970; absent when nothing trusted tells one. */
  readonly time?: number;
  readonly timeSource?: 'log' | 'tsa';
}

/** What is known about the entry in the transparency log. */
export interface LogFact {
  /** The index in the log, in decimal. */
  readonly index: string;
  /** Log id, in hexadecimal. */
  readonly id: string;
  /** False: the entry is there and fits, but no trust material tells whether the log really holds it. */
  readonly verified: boolean;
}

/** A signature that does not count, and why. */
export interface RejectedSignature {
  readonly evidence: Digest;
  readonly format: SignatureFormat;
  readonly code: string;
  readonly message: string;
}
