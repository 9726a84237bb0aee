import { BLOCK, type TarField, type TarNumber, tarHeader } from './tar-header.ts';

/** Type flags by name. */
const TYPES = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
  contiguous: '7',
  pax: 'x',
  paxGlobal: 'g',
  gnuLongName: 'L',
  gnuLongLink: 'K',
  gnuSparse: 'S',
  gnuDump: 'D',
  gnuVolume: 'V',
} as const;

/** What an entry is: by name, or any type flag of one character. */
export type TarType = keyof typeof TYPES | (string & {});

/** One entry, as honest or as strange as it is told to be. */
export interface TarEntry {
  readonly name: string | Uint8Array;
  /** Default `file`, or `directory` when the name ends in a slash. */
  readonly type?: TarType;
  readonly content?: string | Uint8Array;
  /** What the header says; default the length of the content. The content itself is never cut or filled. */
  readonly size?: number | bigint;
  readonly linkname?: string | Uint8Array;
  /** Default 0644, 0755 for directories. */
  readonly mode?: number;
  readonly uid?: number | bigint;
  readonly gid?: number | bigint;
  readonly mtime?: number | bigint;
  readonly uname?: string;
  readonly gname?: string;
  readonly devmajor?: number;
  readonly devminor?: number;
  readonly prefix?: string | Uint8Array;
  /** Default `ustar`. */
  readonly format?: 'ustar' | 'gnu' | 'v7';
  /** Records of a PAX header before the entry. */
  readonly pax?: Readonly<Record<string, string>>;
  /** A PAX header before the entry with exactly these bytes. */
  readonly rawPax?: string | Uint8Array;
  /** Writes the name, and the link name, as GNU long name headers before the entry. */
  readonly gnuLong?: boolean;
  /** Header numbers in GNU's binary form. */
  readonly base256?: readonly TarNumber[];
  /** Header fields with exactly these bytes. */
  readonly raw?: Readonly<Partial<Record<TarField, string | Uint8Array>>>;
  readonly checksum?: 'bad' | 'signed';
  /** False leaves out the zeros that fill the last block of the content. */
  readonly padding?: boolean;
}

/** How an archive ends. */
export interface TarOptions {
  /** Zero blocks at the end. Default 2. */
  readonly endBlocks?: number;
  /** Bytes after them. */
  readonly trailing?: string | Uint8Array;
}

/** Writes a tar archive that says exactly what it is told to say. Bytes depend on nothing else. */
export function forgeTar(entries: readonly TarEntry[], options: TarOptions = {}): Buffer {
  return Buffer.concat([
    ...entries.flatMap(entryBlocks),
    Buffer.alloc((options.endBlocks ?? 2) * BLOCK),
    Buffer.from(options.trailing ?? ''),
  ]);
}

/** The records of a PAX header: `length key=value\n`. */
export function paxRecords(records: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, value)));
}

function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  // The length counts its own digits.
  let length = bytes + String(bytes).length;
  if (bytes + String(length).length !== length) length = bytes + String(length).length;
  return Buffer.from(`${length}${rest}`);
}

function entryBlocks(entry: TarEntry): Buffer[] {
  const { pax, rawPax, gnuLong, name, linkname } = entry;
  const before: TarEntry[] = [];
  if (gnuLong) {
    before.push({ name: '././@LongLink', type: 'gnuLongName', format: 'gnu', content: terminated(name) });
    if (linkname !== undefined) {
      before.push({ name: '././@LongLink', type: 'gnuLongLink', format: 'gnu', content: terminated(linkname) });
    }
  }
  const records = rawPax ?? (pax && paxRecords(pax));
  if (records !== undefined) before.push({ name: 'PaxHeader', type: 'pax', content: records });
  return [...before, entry].flatMap(plainBlocks);
}

function plainBlocks(entry: TarEntry): Buffer[] {
  const content = Buffer.from(entry.content ?? '');
  const fill = entry.padding === false ? 0 : (BLOCK - (content.length % BLOCK)) % BLOCK;
  return [headerOf(entry, content.length), content, Buffer.alloc(fill)];
}

function headerOf(entry: TarEntry, length: number): Buffer {
  const type = entry.type ?? (Buffer.from(entry.name).at(-1) === 0x2f ? 'directory' : 'file');
  const isNamed = (name: string): name is keyof typeof TYPES => Object.hasOwn(TYPES, name);
  const devices = { devmajor: entry.devmajor, devminor: entry.devminor };
  const numbers = {
    mode: entry.mode ?? (type === 'directory' ? 0o755 : 0o644),
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    size: entry.size ?? length,
    mtime: entry.mtime ?? 0,
    ...devices,
  };
  const text = {
    name: entry.name,
    type: isNamed(type) ? TYPES[type] : type,
    linkname: entry.linkname,
    magic: { ustar: 'ustar\x0000', gnu: 'ustar  \0', v7: '' }[entry.format ?? 'ustar'],
    uname: entry.uname,
    gname: entry.gname,
    prefix: entry.prefix,
    ...entry.raw,
  };
  return tarHeader({
    text: defined(text),
    numbers: defined(numbers),
    base256: entry.base256 ?? [],
    checksum: entry.checksum,
  });
}

function terminated(text: string | Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.alloc(1)]);
}

function defined<Value>(record: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  const entries = Object.entries(record).filter((entry): entry is [string, Value] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}
