/** The few pieces of DER that a certificate is made of (X.690). */

/** One element: tag, length, content. */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const digits = body.length.toString(16);
  const length = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

/** SEQUENCE. */
export function sequence(...content: readonly Uint8Array[]): Buffer {
  return der(0x30, ...content);
}

/** SET OF: DER wants its elements sorted by their encoding. */
export function setOf(...content: readonly Uint8Array[]): Buffer {
  return der(0x31, ...content.toSorted(Buffer.compare));
}

/** `[number]`, constructed: an explicit tag, or an implicit one of a SEQUENCE or SET. */
export function tagged(number: number, ...content: readonly Uint8Array[]): Buffer {
  return der(0xa0 | number, ...content);
}

/** OBJECT IDENTIFIER from its dotted form. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((value) => {
    const digits = [value & 0x7f];
    for (let more = value >> 7; more > 0; more >>= 7) digits.unshift((more & 0x7f) | 0x80);
    return digits;
  });
  return der(0x06, Buffer.from(bytes));
}

/** INTEGER from bytes, kept positive. */
export function positiveInteger(bytes: Uint8Array): Buffer {
  return der(0x02, (bytes[0] ?? 0) > 127 ? Buffer.from([0]) : Buffer.alloc(0), bytes);
}

/** GeneralizedTime. */
export function time(date: Date): Buffer {
  return der(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')));
}

/** UTCTime up to 2049 and GeneralizedTime from then on, as RFC 5280 (4.1.2.5) wants validities. */
export function validityTime(date: Date): Buffer {
  const general = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050 ? der(0x17, Buffer.from(general.slice(2))) : time(date);
}

/** BIT STRING without unused bits. */
export function bitString(bytes: Uint8Array): Buffer {
  return der(0x03, Buffer.from([0]), bytes);
}

/** OCTET STRING. */
export function octetString(bytes: Uint8Array): Buffer {
  return der(0x04, bytes);
}

/** UTF8String. */
export function utf8String(text: string): Buffer {
  return der(0x0c, Buffer.from(text));
}

/** BOOLEAN true. */
export const TRUE: Buffer = der(0x01, Buffer.from([0xff]));
