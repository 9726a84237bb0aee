import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COLLIDING_NAMES, ESCAPING_NAMES, UNPORTABLE_NAMES } from '@gantry/testkit';
import { type ArchiveProfile, archiveRules } from './archive-profile.ts';
import { checkEntryPath, foldPath, pathLimits } from './entry-path.ts';

function check(profile: ArchiveProfile, platform: NodeJS.Platform, raw: string, directory = false): string {
  return checkEntryPath(raw, directory, archiveRules(profile, false, undefined, platform).portableNames, pathLimits());
}

const everywhere: readonly [ArchiveProfile, NodeJS.Platform][] = [
  ['strict', 'linux'],
  ['strict', 'darwin'],
  ['strict', 'win32'],
  ['package', 'win32'],
  ['image', 'win32'],
];
const posix: readonly [ArchiveProfile, NodeJS.Platform][] = [
  ['package', 'linux'],
  ['image', 'linux'],
];

for (const [profile, platform] of everywhere) {
  test(`D1 ${profile} on ${platform}: every name that may lead out is refused`, () => {
    for (const name of ESCAPING_NAMES) {
      assert.throws(() => check(profile, platform, name), { code: 'ARCHIVE_UNSAFE_PATH' }, name);
      assert.throws(() => check(profile, platform, `${name}/`, true), { code: 'ARCHIVE_UNSAFE_PATH' }, `${name}/`);
    }
  });
  test(`D10 ${profile} on ${platform}: reserved names, streams, control characters and trailing dots are refused`, () => {
    for (const name of [...UNPORTABLE_NAMES, 'PROGRA~1', 'LONGFI~12.TXT', 'NUL .txt', 'lpt\u00b2', 'CONOUT$.x']) {
      assert.throws(() => check(profile, platform, name), { code: 'ARCHIVE_UNSAFE_PATH' }, name);
    }
  });
}

for (const [profile, platform] of posix) {
  test(`D1 ${profile} on ${platform}: absolute names and .. are refused, a backslash is a character`, () => {
    for (const name of ESCAPING_NAMES.filter((each) => /^\/|(^|\/)\.\.(\/|$)/.test(each))) {
      assert.throws(() => check(profile, platform, name), { code: 'ARCHIVE_UNSAFE_PATH' }, name);
    }
    assert.equal(
      check(profile, platform, 'usr/lib/systemd/system-x\\x2dy.slice'),
      'usr/lib/systemd/system-x\\x2dy.slice',
    );
  });
  test(`D10 ${profile} on ${platform}: control characters are refused, reserved names of Windows are names`, () => {
    for (const name of ['bell\x07', 'line\nbreak', 'esc\x1b[2J', 'csi\u009b2J', 'del\x7f']) {
      assert.throws(() => check(profile, platform, name), { code: 'ARCHIVE_UNSAFE_PATH' }, JSON.stringify(name));
    }
    assert.equal(check(profile, platform, 'CON'), 'CON');
  });
}

for (const [raw, directory, path] of [
  ['a', false, 'a'],
  ['./a/b', false, 'a/b'],
  ['a/', true, 'a'],
  ['./', true, ''],
  ['.', true, ''],
  ['..a/..b', false, '..a/..b'],
  ['.hidden', false, '.hidden'],
] as const) {
  test(`D1 strict: ${raw} is what tar writes for ${path === '' ? 'the root' : path}`, () => {
    assert.equal(check('strict', 'linux', raw, directory), path);
  });
}

for (const [raw, directory] of [
  ['', false],
  ['', true],
  ['/', true],
  ['.//', true],
  ['.', false],
  ['./.', false],
  ['././a', false],
  ['a//b', false],
  ['a/./b', false],
  ['a/', false],
  ['a//', true],
] as const) {
  test(`D1 image: ${JSON.stringify(raw)} as a ${directory ? 'directory' : 'file'} is refused, not repaired`, () => {
    assert.throws(() => check('image', 'linux', raw, directory), { code: 'ARCHIVE_UNSAFE_PATH' });
  });
}

const sized: Readonly<Record<string, (length: number) => string>> = {
  archiveDepth: (depth) => Array.from({ length: depth }, () => 'd').join('/'),
  archiveNameBytes: (length) => 'n'.repeat(length),
  archivePathBytes: (length) => `${'p'.repeat(length - 2)}/p`,
};
for (const [limit, make] of Object.entries(sized)) {
  test(`D8 strict: ${limit} at n-1, n and n+1`, () => {
    const limits = pathLimits({ limits: { [limit]: 9 } });
    for (const length of [8, 9]) assert.equal(checkEntryPath(make(length), false, true, limits), make(length));
    assert.throws(() => checkEntryPath(make(10), false, true, limits), {
      code: 'ARCHIVE_LIMIT',
      details: { limit, expected: 9, found: 10 },
    });
  });
}

test('D8 strict: name lengths are counted in bytes, not characters', () => {
  const limits = pathLimits({ limits: { archiveNameBytes: 5 } });
  assert.equal(checkEntryPath('\u00e9\u00e9x', false, true, limits), '\u00e9\u00e9x');
  assert.throws(() => checkEntryPath('\u00e9\u00e9\u00e9', false, true, limits), { code: 'ARCHIVE_LIMIT' });
});

test('D9 strict: what some file system takes for one name folds to one text', () => {
  for (const [one, other] of COLLIDING_NAMES.filter(([a, b]) => !a.startsWith(`${b}/`) && !b.startsWith(`${a}/`))) {
    if (one === 'dir/file') continue;
    assert.equal(foldPath(one), foldPath(other), `${one} ${other}`);
  }
  assert.equal(foldPath('a\u200db'), foldPath('ab'));
  assert.notEqual(foldPath('a'), foldPath('b'));
});
