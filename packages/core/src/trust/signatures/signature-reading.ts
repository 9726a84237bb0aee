import type { Digest } from '@gantry/oci';
import type { SignedEntity } from '@sigstore/verify';

/** An entry of a transparency log as it came with a signature: not yet compared with anything. */
export type LogEntry = SignedEntity['tlogEntries'][number];

/** A signature taken apart, whatever format it had. Nothing of it has been believed yet. */
export interface SignatureReading {
  /** What it says that it is about. */
  readonly signed: Digest;
  /** The bytes that the signature is over. */
  readonly message: Buffer;
  /** The payload of a DSSE envelope, which some logs record instead of the message. */
  readonly payload?: Buffer;
  readonly signature: Buffer;
  /** Who is said to have signed. */
  readonly signer: CertificateHolder | KeyHolder;
  readonly logEntries: readonly LogEntry[];
  /** RFC 3161 time-stamp responses, DER. */
  readonly timestamps: readonly Buffer[];
  /** `-a k=v` of who signed. */
  readonly claims: Readonly<Record<string, string>>;
}

/** Somebody whom a certificate authority knows. */
export interface CertificateHolder {
  /** X.509, DER. */
  readonly certificate: Buffer;
}

/** Somebody with a key; which one is for the policy to know. */
export interface KeyHolder {
  /** Orders the keys that are tried, and proves nothing. Empty: none was given. */
  readonly keyHint: string;
}
