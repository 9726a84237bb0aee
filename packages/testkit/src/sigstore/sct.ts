import type { KeyObject } from 'node:crypto';
import { octetString } from '../der.ts';
import { sha256 } from './hash.ts';
import { signature, spki } from './keys.ts';
import type { X509Extension } from './x509.ts';

/** What a log of certificates promises about a certificate that does not hold the promise yet (RFC 6962, 3.2). */
export function sctExtension(
  preCertificate: Buffer,
  issuerKey: KeyObject,
  log: { readonly id: Buffer; readonly privateKey: KeyObject },
  time: number,
): X509Extension {
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(time));
  const none = Buffer.alloc(2);
  const entry = Buffer.concat([sha256(spki(issuerKey)), counted(preCertificate, 3)]);
  // version 1, certificate_timestamp, when, precert_entry, what, no extensions
  const signed = Buffer.concat([Buffer.from([0, 0]), stamp, Buffer.from([0, 1]), entry, none]);
  const proof = Buffer.concat([Buffer.from([4, 3]), counted(signature(signed, log.privateKey), 2)]);
  const sct = Buffer.concat([Buffer.from([0]), log.id, stamp, none, proof]);
  return { oid: '1.3.6.1.4.1.11129.2.4.2', value: octetString(counted(counted(sct, 2), 2)) };
}

/** A vector of TLS: its length in so many bytes, then the bytes. */
function counted(bytes: Buffer, width: number): Buffer {
  const length = Buffer.alloc(width);
  length.writeUIntBE(bytes.length, 0, width);
  return Buffer.concat([length, bytes]);
}
