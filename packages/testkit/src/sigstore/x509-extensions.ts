import { der, objectId, octetString, sequence, TRUE, tagged, utf8String } from '../der.ts';
import { sha256 } from './hash.ts';
import type { X509Extension } from './x509.ts';

/** One subject alternative name. `otherName` is Fulcio's, for user names; `dns` never stands in a certificate of Fulcio. */
export type SubjectName =
  | { readonly email: string }
  | { readonly uri: string }
  | { readonly otherName: string }
  | { readonly dns: string };

/** Uses of a key: object identifiers of `extendedKeyUsage`. */
export const KeyUse = {
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

/** `subjectAltName`. Text is written as it is, so that it may hold what no address holds. */
export function subjectNames(names: readonly SubjectName[], critical: boolean): X509Extension {
  return { oid: '2.5.29.17', critical, value: sequence(...names.map(generalName)) };
}

function generalName(name: SubjectName): Buffer {
  if ('email' in name) return der(0x81, Buffer.from(name.email));
  if ('dns' in name) return der(0x82, Buffer.from(name.dns));
  if ('uri' in name) return der(0x86, Buffer.from(name.uri));
  return tagged(0, objectId('1.3.6.1.4.1.57264.1.7'), tagged(0, utf8String(name.otherName)));
}

/** `basicConstraints`. */
export function basicConstraints(isCA: boolean, pathLength?: number): X509Extension {
  const length = pathLength === undefined ? [] : [der(0x02, Buffer.from([pathLength]))];
  return { oid: '2.5.29.19', critical: true, value: isCA ? sequence(TRUE, ...length) : sequence() };
}

/** `keyUsage`: certificates and revocation lists, or signatures. */
export function keyUsage(isCA: boolean): X509Extension {
  return { oid: '2.5.29.15', critical: true, value: der(0x03, Buffer.from(isCA ? [1, 0x06] : [7, 0x80])) };
}

/** `extendedKeyUsage`. */
export function extendedKeyUsage(oids: readonly string[], critical: boolean = false): X509Extension {
  return { oid: '2.5.29.37', critical, value: sequence(...oids.map(objectId)) };
}

/** `subjectKeyIdentifier` and `authorityKeyIdentifier`, from the public keys in DER. */
export function keyIdentifiers(subject: Uint8Array, authority: Uint8Array): X509Extension[] {
  const id = (key: Uint8Array): Buffer => sha256(key).subarray(0, 20);
  return [
    { oid: '2.5.29.14', value: octetString(id(subject)) },
    { oid: '2.5.29.35', value: sequence(der(0x80, id(authority))) },
  ];
}
