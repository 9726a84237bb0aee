import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isGantryError } from './errors.ts';
import { formatReference, parseReference, type Reference, repositoryName } from './reference.ts';

const HEX = 'f'.repeat(64);
const SHA256 = `sha256:${HEX}` as const;
const SHA512 = `sha512:${'0a'.repeat(64)}` as const;

function registry(registry: string, repository: string, rest: Partial<Reference> = {}): Reference {
  return { kind: 'registry', registry, repository, ...rest } as Reference;
}

function refused(text: string, column: number, part: string, says?: RegExp): void {
  assert.throws(
    () => parseReference(text),
    (error) => {
      assert.ok(isGantryError(error), String(error));
      assert.equal(error.code, 'REFERENCE_INVALID');
      assert.deepEqual(
        { column: error.details['column'], part: error.details['part'] },
        { column, part },
        error.message,
      );
      if (says !== undefined) assert.match(error.message, says);
      return true;
    },
    text.slice(0, 200),
  );
}

const VALID: readonly (readonly [text: string, expected: Reference])[] = [
  // Hub short names
  ['debian', registry('docker.io', 'library/debian')],
  ['debian:12', registry('docker.io', 'library/debian', { tag: '12' })],
  [`debian@${SHA256}`, registry('docker.io', 'library/debian', { digest: SHA256 })],
  ['acme/tool', registry('docker.io', 'acme/tool')],
  ['library/debian', registry('docker.io', 'library/debian')],
  ['docker.io/debian', registry('docker.io', 'library/debian')],
  ['index.docker.io/debian', registry('docker.io', 'library/debian')],
  ['index.docker.io/acme/tool', registry('docker.io', 'acme/tool')],
  ['docker.io/library/a/b', registry('docker.io', 'library/a/b')],
  ['test_com/foo', registry('docker.io', 'test_com/foo')],
  ['oci://acme/tool', registry('docker.io', 'acme/tool')],
  // A first component is a host only with a dot, a port, brackets, or as localhost.
  ['test.com:5000', registry('docker.io', 'library/test.com', { tag: '5000' })],
  ['192.168.1.1', registry('docker.io', 'library/192.168.1.1')],
  ['192.168.1.1:5000', registry('docker.io', 'library/192.168.1.1', { tag: '5000' })],
  ['foo_bar.com:8080', registry('docker.io', 'library/foo_bar.com', { tag: '8080' })],
  ['foo/foo_bar.com:8080', registry('docker.io', 'foo/foo_bar.com', { tag: '8080' })],
  ['localhost/x', registry('localhost', 'x')],
  ['LocalHost/x', registry('localhost', 'x')],
  ['localhost:5000/x', registry('localhost:5000', 'x')],
  ['test:5000/repo', registry('test:5000', 'repo')],
  ['test-com:8080/foo', registry('test-com:8080', 'foo')],
  ['Test.Example.COM:5000/repo', registry('test.example.com:5000', 'repo')],
  // hosts
  ['ghcr.io/acme/plugin', registry('ghcr.io', 'acme/plugin')],
  ['192.168.1.1/repo', registry('192.168.1.1', 'repo')],
  ['192.168.1.1:5000/repo:5050', registry('192.168.1.1:5000', 'repo', { tag: '5050' })],
  ['xn--n3h.com:18080/foo', registry('xn--n3h.com:18080', 'foo')],
  ['[2001:db8::1]/repo', registry('[2001:db8::1]', 'repo')],
  ['[2001:DB8:0:0::1]:5000/repo:tag', registry('[2001:db8::1]:5000', 'repo', { tag: 'tag' })],
  ['[2001:db8:1:2:3:4:5:6]/repo:tag', registry('[2001:db8:1:2:3:4:5:6]', 'repo', { tag: 'tag' })],
  ['[2001:db8::]:5000/repo', registry('[2001:db8::]:5000', 'repo')],
  [`[::1]:5000/repo@${SHA256}`, registry('[::1]:5000', 'repo', { digest: SHA256 })],
  // repositories
  ['sub-dom1.foo.com/bar/baz/quux', registry('sub-dom1.foo.com', 'bar/baz/quux')],
  ['a.io/dock__er/d.o-c_k', registry('a.io', 'dock__er/d.o-c_k')],
  ['a.io/docker---rules/docker', registry('a.io', 'docker---rules/docker')],
  [`a.io/${'a/'.repeat(127)}a`, registry('a.io', `${'a/'.repeat(127)}a`)],
  [`docker.io/${HEX}`, registry('docker.io', `library/${HEX}`)],
  [HEX.slice(1), registry('docker.io', `library/${HEX.slice(1)}`)],
  // tags and digests
  ['lowercase:Uppercase', registry('docker.io', 'library/lowercase', { tag: 'Uppercase' })],
  [`a.io/x:${'t'.repeat(128)}`, registry('a.io', 'x', { tag: 't'.repeat(128) })],
  ['a.io/x:_', registry('a.io', 'x', { tag: '_' })],
  [`a.io/x@${SHA512}`, registry('a.io', 'x', { digest: SHA512 })],
  // path inside
  ['oci://a.io/x:1!dist/plugin', registry('a.io', 'x', { tag: '1', path: 'dist/plugin' })],
  [`a.io/x@${SHA256}!p:q@r!s]`, registry('a.io', 'x', { digest: SHA256, path: 'p:q@r!s]' })],
  ['a.io/x:1!a]b', registry('a.io', 'x', { tag: '1', path: 'a]b' })],
];

test('G7: references have the parts that distribution gives them', () => {
  for (const [text, expected] of VALID) assert.deepEqual(parseReference(text), expected, text);
});

test('B7: a tag beside a digest is kept, and so is the digest', () => {
  const text = `test:5000/repo:tag@${SHA256}`;
  assert.deepEqual(parseReference(text), registry('test:5000', 'repo', { tag: 'tag', digest: SHA256 }));
  assert.equal(formatReference(parseReference(`oci://${text}`)), text);
});

test('G7: what distribution refuses is refused, at the column of the fault', () => {
  const rows: readonly (readonly [text: string, column: number, part: string, says?: RegExp])[] = [
    ['', 1, 'repository', /missing/],
    ['oci://', 7, 'repository', /missing/],
    [':justtag', 1, 'repository', /missing/],
    [`@${SHA256}`, 1, 'repository', /missing/],
    ['a.io/', 6, 'repository', /missing/],
    ['a.io/:tag', 6, 'repository', /missing/],
    ['docker/', 8, 'repository', /empty component/],
    ['docker///docker', 8, 'repository', /empty component/],
    ['/docker', 1, 'repository'],
    ['Uppercase:tag', 1, 'repository', /lower-case/],
    ['test:5000/Upper/lower:tag', 11, 'repository', /lower-case/],
    ['docker/docKer', 11, 'repository', /lower-case/],
    ['aa/asdf$$^/aa', 8, 'repository', /found "\$"/],
    ['-docker/docker', 1, 'repository'],
    ['docker-/docker', 8, 'repository', /ends with/],
    ['dock..er/docker', 6, 'registry', /empty label/],
    ['a.io/dock..er', 11, 'repository', /one dot/],
    ['a.io/dock_.er', 11, 'repository'],
    ['a.io/dock___er', 12, 'repository'],
    ['a.io/_docker', 6, 'repository'],
    [`a.io/${'a/'.repeat(128)}a`, 6, 'repository', /at most 255/],
    ['-test.com/x', 1, 'registry', /hyphen/],
    ['test-.com/x', 5, 'registry', /hyphen/],
    ['foo_bar.com/x', 4, 'registry', /found "_"/],
    ['.com/x', 1, 'registry', /empty label/],
    ['a.com./x', 7, 'registry', /empty label/],
    ['a.com:/x', 7, 'registry', /port/],
    ['a.com:0/x', 7, 'registry', /port/],
    ['a.com:65536/x', 7, 'registry', /port/],
    ['a.com:5000:5000/x', 7, 'registry', /port/],
    [`${'a'.repeat(64)}.com/x`, 64, 'registry', /at most 63/],
    [`${'a.'.repeat(126)}aa/x`, 254, 'registry', /at most 253/],
    ['[2001:db8::1]', 1, 'repository'],
    ['[2001:db8::1]:5000', 1, 'repository'],
    ['[2001:db8::1/x', 1, 'registry', /not closed/],
    ['[fe80::1%eth0]:5000/repo', 2, 'registry', /IPv6/],
    ['[2001:db8:3:4::192.0.2.33]:5000/debian', 2, 'registry', /IPv6/],
    ['[1:2]/x', 2, 'registry', /IPv6/],
    ['[::1]x/y', 6, 'registry', /only a port/],
    ['fc00::1:5000/debian', 6, 'registry', /port/],
    [HEX, 1, 'repository', /digest alone/],
    [SHA256, 1, 'repository', /digest alone/],
    ['a.io/x:', 8, 'tag', /missing/],
    ['a.io/x:-foo', 8, 'tag'],
    ['a.io/x:t]', 9, 'tag'],
    [`a.io/x:${'t'.repeat(129)}`, 136, 'tag', /at most 128/],
    ['repo@sha256:ffff', 13, 'digest', /64 hexadecimal digits, found 4/],
    [`repo@sha1:${HEX}`, 6, 'digest', /sha256 or sha512/],
    [`repo@sha256:${HEX.toUpperCase()}`, 13, 'digest', /lower-case/],
    ['repo@', 6, 'digest'],
    [`repo@${SHA256}@${SHA256}`, 77, 'digest'],
    ['https://a.io/x', 1, 'scheme', /oci:/],
    ['docker://a.io/x', 1, 'scheme', /oci:/],
    ['oci://https://a.io/x', 7, 'scheme'],
    ['a.io/x!', 8, 'path', /missing/],
    ['a.io/x!/etc/passwd', 8, 'path', /relative/],
    ['a.io/x!a/../b', 10, 'path', /relative/],
    ['a.io/x!a//b', 10, 'path', /relative/],
    ['a.io/x!a\\b', 9, 'path', /backslash/],
  ];
  for (const [text, column, part, says] of rows) refused(text, column, part, says);
});

test('A15: nothing that could leave its place in a URL or a header gets into a part', () => {
  const evil = [
    '\r\n',
    '\n',
    '\0',
    '%0d%0a',
    '%2e',
    '?x=1',
    '#x',
    '..',
    ' ',
    '\u2024',
    '\u3002',
    '\uff0e',
    '\\',
    ';',
    '&',
    '\u0131',
  ];
  for (const bad of evil) {
    for (const text of [
      `a${bad}.io/x`,
      `a.io/x${bad}y`,
      `a.io/x:t${bad}`,
      `a.io/x@sha256:${bad}${HEX}`,
      `a.io:5${bad}/x`,
    ]) {
      // Two dots inside a tag are part of the grammar, and harmless there: a tag has no slash.
      if (text === 'a.io/x:t..') continue;
      assert.throws(() => parseReference(text), { code: 'REFERENCE_INVALID' }, JSON.stringify(text));
    }
  }
});

test('A9: a host that would be dialled as another one is refused', () => {
  refused('0x7f.1/x', 1, 'registry', /127\.0\.0\.1/);
  refused('127.1:5000/x', 1, 'registry', /127\.0\.0\.1/);
  refused('2130706433:5000/x', 1, 'registry', /127\.0\.0\.1/);
  refused('256.256.256.256/x', 1, 'registry', /not a valid/);
  assert.equal(repositoryName(parseReference('LOCALHOST.evil.com/x')), 'localhost.evil.com/x');
});

test('A11: userinfo and query strings do not reach the message', () => {
  for (const text of [
    'https://bob:s3cret@a.io/x',
    'bob:s3cret@a.io/x',
    'oci://bob:s3cret@a.io/x:1',
    'a.io/x?token=s3cret',
    'https://a.io/x?token=s3cret#s3cret',
  ]) {
    assert.throws(
      () => parseReference(text),
      (error) =>
        isGantryError(error) && !`${error.message}${error.hint}${JSON.stringify(error.details)}`.includes('s3cret'),
      text,
    );
  }
});

test('layouts: directory, tag and digest', () => {
  const rows: readonly (readonly [text: string, expected: Omit<Extract<Reference, { kind: 'layout' }>, 'kind'>])[] = [
    ['oci-layout:./out', { directory: './out' }],
    ['oci-layout:/srv/a.b/out:v1', { directory: '/srv/a.b/out', tag: 'v1' }],
    [`oci-layout:out@${SHA256}`, { directory: 'out', digest: SHA256 }],
    [`oci-layout:out:v1@${SHA512}!bin/x`, { directory: 'out', tag: 'v1', digest: SHA512, path: 'bin/x' }],
    ['oci-layout:/srv/a:b/out', { directory: '/srv/a:b/out' }],
    ['oci-layout:/home/me@host/out', { directory: '/home/me@host/out' }],
    ['oci-layout:me@host:v1', { directory: 'me@host', tag: 'v1' }],
    ['oci-layout:C:\\plugins\\out:v1', { directory: 'C:\\plugins\\out', tag: 'v1' }],
    ['oci-layout:C:\\plugins', { directory: 'C:\\plugins' }],
    ['oci-layout:dir with space/é', { directory: 'dir with space/é' }],
  ];
  for (const [text, expected] of rows) {
    const parsed = parseReference(text);
    assert.deepEqual(parsed, { kind: 'layout', ...expected }, text);
    assert.equal(formatReference(parsed), text);
  }
  refused('oci-layout:', 12, 'directory', /missing/);
  refused('oci-layout::v1', 12, 'directory', /missing/);
  refused('oci-layout:a\0b', 13, 'directory');
  refused('oci-layout:out:', 16, 'tag', /missing/);
  refused('oci-layout:out:not a tag', 19, 'tag');
  refused('oci-layout:out@sha256:abc', 23, 'digest');
  refused(`oci-layout:out@md5:${'0'.repeat(32)}`, 16, 'digest');
});

test('the length limit holds at n-1, n and n+1', () => {
  const op = { limits: { referenceLength: 20 } };
  for (const [length, accepted] of [
    [19, true],
    [20, true],
    [21, false],
  ] as const) {
    const text = `a.io/${'x'.repeat(length - 5)}`;
    if (accepted) assert.ok(parseReference(text, op));
    else assert.throws(() => parseReference(text, op), { code: 'REFERENCE_INVALID' });
  }
});

test('G5: adversarial texts of 100 kB are answered without backtracking', () => {
  const op = { limits: { referenceLength: 1_000_000 } };
  for (const unit of [
    'a',
    'a/',
    'a.',
    '-',
    'a-',
    '_',
    'a_',
    ':',
    '@',
    'a:',
    'a@',
    '!',
    '[',
    '[:',
    '0',
    'sha256:',
    '://',
    '/',
    'é',
  ]) {
    for (const [head, tail] of [
      ['', ''],
      ['a.io/', '!'],
      ['oci-layout:', '@'],
      ['x@sha256:', 'g'],
      ['', '/x'],
      ['[', ']/x'],
    ] as const) {
      const text = `${head}${unit.repeat(100_000 / unit.length)}${tail}`;
      try {
        parseReference(text, op);
      } catch (error) {
        assert.ok(isGantryError(error) && error.message.length < 2000);
      }
    }
  }
});

test('property: parse and format are inverse, and parsing never throws anything but its own error', () => {
  const label = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const component = fc.stringMatching(/^[a-z0-9]{1,5}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}$/);
  const host = fc.oneof(
    fc.tuple(label, fc.constantFrom('com', 'io', 'example')).map((parts) => parts.join('.')),
    fc
      .ipV6()
      .filter((ip) => !ip.includes('.'))
      .map((ip) => `[${ip}]`),
    fc.constant('localhost'),
  );
  const reference = fc
    .record({
      host: fc.option(fc.tuple(host, fc.option(fc.integer({ min: 1, max: 65535 }))), { nil: undefined }),
      repository: fc.array(component, { minLength: 1, maxLength: 4 }),
      tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,10}$/)),
      digest: fc.option(fc.constantFrom(SHA256, SHA512)),
      path: fc.option(fc.array(component, { minLength: 1, maxLength: 3 })),
    })
    .map((r) => {
      const prefix = r.host === undefined ? '' : `${r.host[0]}${r.host[1] === null ? '' : `:${r.host[1]}`}/`;
      const rest = `${r.tag === null ? '' : `:${r.tag}`}${r.digest === null ? '' : `@${r.digest}`}`;
      return `${prefix}${r.repository.join('/')}${rest}${r.path === null ? '' : `!${r.path.join('/')}`}`;
    });
  fc.assert(
    fc.property(reference, (text) => {
      let parsed: Reference;
      try {
        parsed = parseReference(text);
      } catch (error) {
        // A generated first component may happen to be a host that is not allowed, such as `1.2`.
        return isGantryError(error);
      }
      assert.deepEqual(parseReference(formatReference(parsed)), parsed);
      return true;
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'aA0.:/@![]-_\\ é'), maxLength: 40 }), (text) => {
      try {
        const parsed = parseReference(text);
        assert.deepEqual(parseReference(formatReference(parsed)), parsed);
      } catch (error) {
        assert.ok(isGantryError(error), String(error));
      }
    }),
  );
});
