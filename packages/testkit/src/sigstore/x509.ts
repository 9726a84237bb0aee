import { type KeyObject, randomBytes } from 'node:crypto';
import {
  bitString,
  der,
  objectId,
  octetString,
  positiveInteger,
  sequence,
  TRUE,
  tagged,
  utf8String,
  validityTime,
} from '../der.ts';
import { type LabHash, signature, spki, usualHash } from './keys.ts';

/** One extension of a certificate, its value still to be wrapped in an OCTET STRING. */
export interface X509Extension {
  readonly oid: string;
  readonly value: Buffer;
  readonly critical?: boolean;
}

/** What the body of a certificate says (RFC 5280, 4.1.2). */
export interface X509Body {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly X509Extension[];
  readonly serial: Buffer;
  readonly algorithm: Buffer;
}

const SIGNATURE_OIDS: Readonly<Record<LabHash, string>> = {
  sha1: '1.2.840.10045.4.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};

/** AlgorithmIdentifier of the signatures that this key (elliptic curve, or Ed25519) makes. */
export function signatureAlgorithm(key: KeyObject): Buffer {
  return sequence(objectId(key.asymmetricKeyType === 'ed25519' ? '1.3.101.112' : SIGNATURE_OIDS[usualHash(key)]));
}

/** A positive number that no other certificate has. */
export function freshSerial(): Buffer {
  return Buffer.concat([Buffer.from([1]), randomBytes(15)]);
}

/** An organisation and a common name. */
export function distinguishedName(organization: string, commonName: string): Buffer {
  const part = (oid: string, text: string): Buffer => der(0x31, sequence(objectId(oid), utf8String(text)));
  return sequence(part('2.5.4.10', organization), part('2.5.4.3', commonName));
}

/** The name of nobody: what Fulcio's leaves carry. */
export const EMPTY_NAME: Buffer = sequence();

/** TBSCertificate, version 3. */
export function certificateBody(body: X509Body): Buffer {
  return sequence(
    tagged(0, positiveInteger(Buffer.from([2]))),
    positiveInteger(body.serial),
    body.algorithm,
    body.issuer,
    sequence(validityTime(new Date(body.notBefore)), validityTime(new Date(body.notAfter))),
    body.subject,
    spki(body.publicKey),
    tagged(3, sequence(...body.extensions.map(extension))),
  );
}

/** Certificate: the body, signed. */
export function signedCertificate(body: Buffer, algorithm: Buffer, key: KeyObject): Buffer {
  return sequence(body, algorithm, bitString(signature(body, key, usualHash(key))));
}

function extension({ oid, value, critical }: X509Extension): Buffer {
  return sequence(objectId(oid), ...(critical === true ? [TRUE] : []), octetString(value));
}
