/** The name of a header field. */
export type TarField = TarNumber | 'name' | 'checksum' | 'type' | 'linkname' | 'magic' | 'uname' | 'gname' | 'prefix';

/** A numeric header field. */
export type TarNumber = 'mode' | 'uid' | 'gid' | 'size' | 'mtime' | 'devmajor' | 'devminor';

/** Offset and length of the fields of a 512-byte header (POSIX ustar). */
const FIELDS: Readonly<Record<TarField, readonly [offset: number, length: number]>> = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
};

/** The size of a block and of a header. */
export const BLOCK: number = 512;

/** What a header says. Texts and bytes are cut to the field; numbers are octal unless listed in `base256`. */
export interface TarHeader {
  readonly text: Readonly<Partial<Record<TarField, string | Uint8Array>>>;
  readonly numbers: Readonly<Partial<Record<TarNumber, number | bigint>>>;
  readonly base256: readonly TarNumber[];
  /** Default: the right one. `signed`: as old tars computed it, with signed characters. */
  readonly checksum: 'bad' | 'signed' | undefined;
}

/** Writes a header. Fields that are not named stay zero. */
export function tarHeader(header: TarHeader): Buffer {
  const block = Buffer.alloc(BLOCK);
  for (const [name, value] of Object.entries(header.numbers)) {
    const field = name as TarNumber;
    const [offset, length] = FIELDS[field];
    block.set(header.base256.includes(field) ? base256(value, length) : octal(value, length), offset);
  }
  for (const [name, value] of Object.entries(header.text)) put(block, name as TarField, value);
  if (header.text.checksum === undefined) put(block, 'checksum', checksumText(block, header.checksum));
  return block;
}

function put(block: Buffer, field: TarField, value: string | Uint8Array): void {
  const [offset, length] = FIELDS[field];
  block.fill(0, offset, offset + length);
  block.set(Buffer.from(value).subarray(0, length), offset);
}

function octal(value: number | bigint, length: number): Buffer {
  return Buffer.from(`${value.toString(8).padStart(length - 1, '0')}\0`).subarray(-length);
}

/** GNU's binary numbers: the first bit set, the rest two's complement, big-endian. */
function base256(value: number | bigint, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let rest = BigInt.asUintN(length * 8, BigInt(value));
  for (let at = length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes;
}

function checksumText(block: Buffer, kind: TarHeader['checksum']): string {
  const [offset, length] = FIELDS.checksum;
  let sum = kind === 'bad' ? 1 : 0;
  for (const [at, byte] of block.entries()) {
    const value = at >= offset && at < offset + length ? 0x20 : byte;
    sum += kind === 'signed' && value > 127 ? value - 256 : value;
  }
  return `${sum.toString(8).padStart(6, '0')}\0 `;
}
