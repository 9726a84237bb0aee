import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { bitString, der, objectId, octetString, positiveInteger, sequence, TRUE, time, utf8String } from './der.ts';

/** What a certificate says. */
export interface CertificateOptions {
  /** Host names and IPv4 addresses it is for. Default `localhost` and `127.0.0.1`. */
  readonly names?: readonly string[];
  /** Common name of its subject. Default the first name. */
  readonly subject?: string;
  /** Default a day ago. */
  readonly notBefore?: Date;
  /** Default in a day. */
  readonly notAfter?: Date;
}

/** A key with its certificate, in PEM. */
export interface CertifiedKey {
  readonly key: string;
  readonly cert: string;
}

/** Issues certificates of which nobody knows but the test. */
export interface Authority {
  /** Its own certificate, in PEM: what a client has to trust. */
  readonly cert: string;
  readonly subject: string;
  /** A certificate for a server or a client. */
  issue(options?: CertificateOptions): CertifiedKey;
}

const DAY = 86_400_000;
const ECDSA_SHA256: Buffer = sequence(objectId('1.2.840.10045.4.3.2'));

/** Makes a certificate authority with a fresh P-256 key. */
export function certificateAuthority(subject: string = 'Test Authority'): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = { subject, key: privateKey };
  const cert = certificate({ subject }, publicKey, signer, true);
  return {
    cert,
    subject,
    issue: (options = {}) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return { key: pem(pair.privateKey), cert: certificate(options, pair.publicKey, signer, false) };
    },
  };
}

/** A certificate that vouches for itself. */
export function selfSigned(options: CertificateOptions = {}): CertifiedKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = subjectOf(options);
  return { key: pem(privateKey), cert: certificate(options, publicKey, { subject, key: privateKey }, false) };
}

interface Signer {
  readonly subject: string;
  readonly key: KeyObject;
}

/** X.509 version 3 (RFC 5280, 4.1), signed with ECDSA and SHA-256. */
function certificate(options: CertificateOptions, publicKey: KeyObject, signer: Signer, isAuthority: boolean): string {
  const now = Date.now();
  const notBefore = options.notBefore ?? new Date(now - DAY);
  const notAfter = options.notAfter ?? new Date(now + DAY);
  const extensions = isAuthority ? authorityExtensions() : namesExtensions(namesOf(options));
  const body = sequence(
    der(0xa0, positiveInteger(Buffer.from([2]))),
    positiveInteger(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_SHA256,
    distinguishedName(signer.subject),
    sequence(time(notBefore), time(notAfter)),
    distinguishedName(subjectOf(options)),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const whole = sequence(body, ECDSA_SHA256, bitString(sign('sha256', body, signer.key)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function namesOf(options: CertificateOptions): readonly string[] {
  return options.names ?? ['localhost', '127.0.0.1'];
}

function subjectOf(options: CertificateOptions): string {
  return options.subject ?? namesOf(options)[0] ?? 'nobody';
}

function distinguishedName(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectId('2.5.4.3'), utf8String(commonName))));
}

function authorityExtensions(): Buffer[] {
  const keyCertSign = der(0x03, Buffer.from([2, 0x04]));
  return [
    sequence(objectId('2.5.29.19'), TRUE, octetString(sequence(TRUE))),
    sequence(objectId('2.5.29.15'), TRUE, octetString(keyCertSign)),
  ];
}

function namesExtensions(names: readonly string[]): Buffer[] {
  const entries = names.map((name) =>
    isIPv4(name) ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name)),
  );
  return [sequence(objectId('2.5.29.17'), octetString(sequence(...entries)))];
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
