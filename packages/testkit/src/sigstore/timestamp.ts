import { randomBytes } from 'node:crypto';
import { der, objectId, octetString, positiveInteger, sequence, setOf, tagged, time, validityTime } from '../der.ts';
import type { LabAuthority } from './authority.ts';
import { sha256 } from './hash.ts';
import { hashed, type LabHash, signature, usualHash } from './keys.ts';
import { signatureAlgorithm } from './x509.ts';

/** How a time stamp is made. */
export interface TimestampOptions {
  /** The time it states, milliseconds since 1970; whole seconds are written. Default: now. */
  readonly time?: number;
  /** Whether it holds the certificate of who made it. Default false, as cosign 3 asks for. */
  readonly embedCertificate?: boolean;
  /** Hash of what is stamped. Default SHA-256. */
  readonly imprint?: LabHash;
  /** Who stamps. Default: the lab's authority. */
  readonly signedBy?: LabAuthority;
  readonly nonce?: Uint8Array;
}

const OID = {
  signedData: '1.2.840.113549.1.7.2',
  timestampInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  signingCertificate: '1.2.840.113549.1.9.16.2.47',
  policy: '1.3.6.1.4.1.57264.2',
} as const;

const HASH_OIDS: Readonly<Record<LabHash, string>> = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};

const one = (value: number): Buffer => der(0x02, Buffer.from([value]));
const hashAlgorithm = (hash: LabHash): Buffer => sequence(objectId(HASH_OIDS[hash]));

/** `TimeStampResp` (RFC 3161, 2.4.2) over bytes. */
export function timestampOver(
  bytes: Uint8Array,
  authority: LabAuthority,
  now: number,
  options: TimestampOptions = {},
): Buffer {
  const hash = options.imprint ?? 'sha256';
  return timestampOfImprint(hash, hashed(bytes, hash), authority, now, options);
}

/** `TimeStampResp` over a digest that somebody else took. */
export function timestampOfImprint(
  hash: LabHash,
  digest: Uint8Array,
  authority: LabAuthority,
  now: number,
  options: TimestampOptions = {},
): Buffer {
  const when = new Date(options.time ?? now);
  const info = sequence(
    one(1),
    objectId(OID.policy),
    sequence(hashAlgorithm(hash), octetString(digest)),
    positiveInteger(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    time(when),
    sequence(one(1)),
    ...(options.nonce === undefined ? [] : [positiveInteger(options.nonce)]),
  );
  const signer = options.signedBy ?? authority;
  const token = sequence(objectId(OID.signedData), tagged(0, signedData(info, signer, when, options)));
  return sequence(sequence(one(0)), token);
}

/** CMS SignedData with one signer (RFC 5652, 5). */
function signedData(info: Buffer, signer: LabAuthority, when: Date, options: TimestampOptions): Buffer {
  const hash = usualHash(signer.privateKey);
  const certificate = signer.chain[0] ?? Buffer.alloc(0);
  const attribute = (oid: string, value: Buffer): Buffer => sequence(objectId(oid), setOf(value));
  const attributes = [
    attribute(OID.contentType, objectId(OID.timestampInfo)),
    attribute(OID.signingTime, validityTime(when)),
    attribute(OID.messageDigest, octetString(hashed(info, hash))),
    attribute(OID.signingCertificate, sequence(sequence(sequence(octetString(sha256(certificate)))))),
  ];
  const signed = setOf(...attributes);
  // In the signature the attributes are a SET, in the structure they carry the tag [0].
  const implicit = Buffer.concat([Buffer.from([0xa0]), signed.subarray(1)]);
  const serial = positiveInteger(signer.serial);
  const signerInfo = sequence(
    one(1),
    sequence(signer.issuer, serial),
    hashAlgorithm(hash),
    implicit,
    signatureAlgorithm(signer.privateKey),
    octetString(signature(signed, signer.privateKey, hash)),
  );
  return sequence(
    one(3),
    setOf(hashAlgorithm(hash)),
    sequence(objectId(OID.timestampInfo), tagged(0, octetString(info))),
    ...(options.embedCertificate === true ? [tagged(0, certificate)] : []),
    setOf(signerInfo),
  );
}
