import { escapeRemote } from '@gantry/oci';
import type { ASN1Obj, X509Certificate } from '@sigstore/core';
import { coreError } from '../../core-errors.ts';
import type { SigstoreLibrary } from './sigstore-library.ts';

/** An extension of a certificate: the bytes of its value, and those bytes as DER. */
export interface Extension {
  readonly critical: boolean;
  readonly bytes: Buffer;
  /** Parses the bytes, which most extensions hold DER in. */
  der(): ASN1Obj;
}

/** The extensions of a certificate by OID. Each may be there once; two could be read in two ways (C13). */
export function extensionsOf(
  certificate: X509Certificate,
  { ASN1Obj }: SigstoreLibrary,
): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const { subs } of certificate.extensions) {
    const oid = subs[0]?.toOID() ?? '';
    if (extensions.has(oid)) throw coreError('SIGNATURE_CERTIFICATE', `the certificate has the extension ${oid} twice`);
    const bytes = subs.at(-1)?.value ?? Buffer.alloc(0);
    const critical = subs.length > 2 && subs[1]?.toBoolean() === true;
    extensions.set(oid, { critical, bytes, der: () => ASN1Obj.parseBuffer(Buffer.from(bytes)) });
  }
  return extensions;
}

/**
 * Text of bytes in UTF-8 that shows as what it is: nothing in it controls a terminal, reorders or hides. So a name can be
 * compared, matched by a pattern and printed, and all three see the same.
 */
export function plainText(bytes: Uint8Array, what: string): string {
  const text = decode(bytes);
  if (text !== undefined && text !== '' && escapeRemote(text, text.length) === text) return text;
  const shown = escapeRemote(Buffer.from(bytes).toString('latin1'), 80);
  throw coreError('SIGNATURE_CERTIFICATE', `${what} of the certificate is not plain text: ${shown}`);
}

/** As {@link plainText}, for types that are ASCII by definition (IA5String). */
export function asciiText(bytes: Uint8Array, what: string): string {
  const text = plainText(bytes, what);
  if (text.length === bytes.length) return text;
  throw coreError('SIGNATURE_CERTIFICATE', `${what} of the certificate is not ASCII: ${escapeRemote(text, 80)}`);
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
