/** What a time stamp is asked for with (RFC 3161, 2.4.1). */
export interface TimestampQuery {
  readonly digest: Buffer;
  readonly nonce: Buffer | undefined;
  readonly embedCertificate: boolean;
}

/** DER of the object identifier of SHA-256. */
const SHA256_OID = Buffer.from('0609608648016503040201', 'hex');

/** Reads a `TimeStampReq` over SHA-256; undefined for any other. */
export function parseTimestampQuery(bytes: Buffer): TimestampQuery | undefined {
  const [request] = elements(bytes);
  const [version, imprint, ...rest] = elements(request?.content ?? Buffer.alloc(0));
  const [algorithm, digest] = elements(imprint?.content ?? Buffer.alloc(0));
  if (version?.tag !== 0x02 || digest === undefined) return undefined;
  if (algorithm?.content.subarray(0, SHA256_OID.length).equals(SHA256_OID) !== true) return undefined;
  return {
    digest: digest.content,
    nonce: rest.find(({ tag }) => tag === 0x02)?.content,
    embedCertificate: rest.find(({ tag }) => tag === 0x01)?.content[0] === 0xff,
  };
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const [tag = 0, short = 0] = bytes.subarray(at, at + 2);
    const wide = short > 127 ? short & 0x7f : 0;
    const length = wide === 0 ? short : bytes.readUIntBE(at + 2, wide);
    const start = at + 2 + wide;
    found.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}
