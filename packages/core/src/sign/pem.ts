/** One block of a PEM file (RFC 7468). */
export interface PemBlock {
  /** What stands between `BEGIN ` and the dashes. */
  readonly label: string;
  readonly bytes: Buffer;
}

const BLOCK = /^-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]*?)\r?\n?-----END \1-----[ \t]*\r?$/gm;

/** The blocks of a PEM file, in order. What is not strict base64 between its lines is no block; neither are headers. */
export function readPem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const [, label = '', body = ''] of text.matchAll(BLOCK)) {
    const bytes = strictBase64(body.replaceAll(/\r?\n/g, ''));
    if (bytes !== undefined) blocks.push({ label, bytes });
  }
  return blocks;
}

/** A block in lines of 64 characters. */
export function writePem(label: string, bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .replaceAll(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}

/** Bytes in base64 of one spelling (RFC 4648, section 4); undefined for anything else, which `Buffer.from` would accept. */
export function strictBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
