import { createHash, randomBytes } from 'node:crypto';
import type { Op, Transport } from '@gantry/oci';
import { sigstoreLibrary } from '../trust/signatures/sigstore-library.ts';
import { askService, readAnswer } from './signing-service.ts';

/** A time-stamp response whose imprint and nonce are those that were asked for. Its signature has not been verified. */
export interface TimestampAnswer {
  /** RFC 3161 TimeStampResp, DER. */
  readonly response: Buffer;
  /** The time in it, milliseconds since 1970. */
  readonly time: number;
}

const NONCE_BYTES = 8;
const SHA256 = Buffer.from('300d06096086480165030402010500', 'hex');

/**
 * Asks for a timestamp over a signature (RFC 3161, section 3.4). Throws `SIGNATURE_SERVICE` for an answer about something
 * else, and what {@link askService} throws.
 */
export async function requestTimestamp(
  transport: Transport,
  url: URL,
  signature: Uint8Array,
  op?: Op,
): Promise<TimestampAnswer> {
  const imprint = createHash('sha256').update(signature).digest();
  const nonce = positive(randomBytes(NONCE_BYTES));
  const answer = await askService(
    transport,
    {
      method: 'POST',
      url,
      body: query(imprint, nonce),
      contentType: 'application/timestamp-query',
      accept: 'application/timestamp-reply',
      repeatable: true,
    },
    op,
  );
  const { RFC3161Timestamp } = await sigstoreLibrary();
  const response = Buffer.from(answer.bytes);
  return readAnswer(url, () => {
    const { status, tstInfo } = RFC3161Timestamp.parse(response);
    if (status !== 0n && status !== 1n) throw new Error(`it was not granted (status ${status})`);
    const { messageImprintHashAlgorithm: hash, messageImprintHashedMessage: hashed } = tstInfo;
    if (hash !== 'sha256' || !hashed.equals(imprint)) throw new Error('the timestamp is for something else');
    // The nonce is the last integer of it; the others are version and serial number (RFC 3161, section 2.4.2).
    const found = tstInfo.root.subs.findLast(({ tag }) => tag.isUniversal() && tag.number === INTEGER);
    if (found === undefined || !found.value.equals(nonce)) throw new Error('the timestamp answers another request');
    return { response, time: tstInfo.genTime.getTime() };
  });
}

const INTEGER = 2;

/** TimeStampReq: version 1, imprint, nonce, and no certificate, which the trust root has. */
function query(imprint: Buffer, nonce: Buffer): Buffer {
  const messageImprint = der(0x30, SHA256, der(0x04, imprint));
  return der(0x30, der(INTEGER, Buffer.from([1])), messageImprint, der(INTEGER, nonce));
}

/** A DER element whose content is shorter than 128 bytes. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}

/** The content of a DER integer: positive, and in its shortest form. */
function positive(bytes: Buffer): Buffer {
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}
