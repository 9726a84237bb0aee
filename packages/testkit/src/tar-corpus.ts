import type { TarEntry } from './forge-tar.ts';

/** One archive that somebody may send. */
export interface TarCase {
  readonly name: string;
  readonly entries: readonly TarEntry[];
}

/** Names that lead, or may lead, out of an archive on some system: none may be written (zip-slip, safearchive). */
export const ESCAPING_NAMES: readonly string[] = [
  '../evil',
  '../../../../../../../../tmp/evil',
  'a/../../evil',
  'a/..',
  '..',
  './../evil',
  '/evil',
  '//evil',
  '///evil',
  '/./evil',
  '..\\evil',
  'a\\..\\..\\evil',
  '\\evil',
  '\\\\server\\share\\evil',
  '//server/share/evil',
  '\\\\?\\C:\\evil',
  '\\\\.\\pipe\\evil',
  'C:\\evil',
  'C:/evil',
  'C:../evil',
  'C:evil',
  'c:..\\evil',
  'a/b\\..\\..\\..\\evil',
];

/** Names that mean nothing, or that some file system reads as something else. */
export const UNPORTABLE_NAMES: readonly string[] = [
  'CON',
  'con',
  'nul.txt',
  'a/PRN',
  'AUX.tar.gz',
  'COM1',
  'lpt9.log',
  'COM\u00b9',
  'CONIN$',
  'file:stream',
  'a:b/c',
  'trailing.',
  'trailing ',
  'dir./file',
  'dir /file',
  'bell\x07',
  'line\nbreak',
  'escape\x1b[2J',
  'what?',
  'star*',
  'less<',
  'more>',
  'pipe|',
  'quote"',
];

/** Pairs of names that are one file on some file system: by case, normal form, folding, dots and spaces, or 8.3. */
export const COLLIDING_NAMES: readonly (readonly [string, string])[] = [
  ['a', 'a'],
  ['file', 'FILE'],
  ['dir/file', 'DIR/other'],
  ['\u00e9', 'e\u0301'],
  ['\u00c9', 'e\u0301'],
  ['stra\u00dfe', 'STRASSE'],
  ['\ufb01le', 'file'],
  ['\u212a', 'k'],
  ['\u017f', 's'],
  ['a', 'a/b'],
  ['a/b', 'a'],
];

/** The layouts of jwilk's traversal-archives: each tries to write `moo` outside. */
export const TRAVERSALS: readonly TarCase[] = [
  { name: 'absolute1', entries: [{ name: '/tmp/moo', content: 'moo' }] },
  { name: 'absolute2', entries: [{ name: '//tmp/moo', content: 'moo' }] },
  { name: 'relative0', entries: [{ name: '../moo', content: 'moo' }] },
  { name: 'relative2', entries: [{ name: 'tmp/../../moo', content: 'moo' }] },
  { name: 'symlink', entries: [symlink('moo', '/tmp/moo'), { name: 'moo', content: 'moo' }] },
  { name: 'dirsymlink', entries: [symlink('tmp', '/tmp'), { name: 'tmp/moo', content: 'moo' }] },
  {
    name: 'dirsymlink2a',
    entries: [symlink('cur', '.'), symlink('par', 'cur/..'), { name: 'par/moo', content: 'moo' }],
  },
  {
    name: 'dirsymlink2b',
    entries: [symlink('cur', '.'), symlink('cur/par', '..'), { name: 'par/moo', content: 'moo' }],
  },
];

/** Links that leave the archive, loop, dangle, or have something written through them. */
export const HOSTILE_LINKS: readonly TarCase[] = [
  { name: 'the root is a link', entries: [symlink('.', '/tmp'), { name: 'moo', content: 'moo' }] },
  { name: 'a link to itself', entries: [symlink('a', 'a'), { name: 'a/moo', content: 'moo' }] },
  { name: 'links in a circle', entries: [symlink('a', 'b'), symlink('b', 'a'), { name: 'a/moo', content: 'moo' }] },
  { name: 'a chain that leaves', entries: [symlink('a', 'b'), symlink('b', '..'), { name: 'a/moo', content: 'moo' }] },
  { name: 'a link out', entries: [symlink('out', '../../etc/passwd')] },
  { name: 'an absolute link', entries: [symlink('out', '/etc/passwd')] },
  { name: 'a link with a drive', entries: [symlink('out', 'C:\\evil')] },
  { name: 'an empty link', entries: [symlink('out', '')] },
  { name: 'a hard link out', entries: [{ name: 'out', type: 'link', linkname: '../sentinel' }] },
  { name: 'an absolute hard link', entries: [{ name: 'out', type: 'link', linkname: '/etc/passwd' }] },
  { name: 'a hard link to nothing', entries: [{ name: 'out', type: 'link', linkname: 'absent' }] },
  {
    name: 'a hard link through a link',
    entries: [symlink('tmp', '/etc'), { name: 'out', type: 'link', linkname: 'tmp/passwd' }],
  },
];

/** Entries that are neither files, directories nor links. */
export const SPECIAL_FILES: readonly TarCase[] = [
  { name: 'a character device', entries: [{ name: 'null', type: 'char', devmajor: 1, devminor: 3 }] },
  { name: 'a block device', entries: [{ name: 'sda', type: 'block', devmajor: 8, devminor: 0 }] },
  { name: 'a FIFO', entries: [{ name: 'pipe', type: 'fifo' }] },
  { name: 'an unknown type', entries: [{ name: 'what', type: 'Z' }] },
];

/** Files whose modes must not survive: set-user-id, set-group-id, sticky, writable for all, unreadable. */
export const SPECIAL_MODES: readonly TarEntry[] = [0o4755, 0o2755, 0o1777, 0o7777, 0o777, 0o666, 0, 0o111].map(
  (mode) => ({ name: `mode-${mode.toString(8)}`, mode, content: 'x', uid: 12_345, gid: 54_321 }),
);

function symlink(name: string, linkname: string): TarEntry {
  return { name, type: 'symlink', linkname };
}
