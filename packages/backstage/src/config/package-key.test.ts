import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import npa from 'npm-package-arg';
import { isGitPackage, npmKey, ociKey, parseOciPackage } from './package-key.ts';

const NPM_KEYS: readonly (readonly [spec: string, key: string])[] = [
  ['@npmcli/arborist@latest', '@npmcli/arborist'],
  ['@backstage/plugin-catalog@1.0.0', '@backstage/plugin-catalog'],
  ['semver@7.2.2', 'semver'],
  ['package-name@^1.0.0', 'package-name'],
  ['package-name@~2.1.0', 'package-name'],
  ['package-name@1.x', 'package-name'],
  ['package-name@>=1.0.0 <2.0.0', 'package-name'],
  ['package-name', 'package-name'],
  ['@scope/package', '@scope/package'],
  ['semver:@npm:semver@7.2.2', 'semver:@npm:semver'],
  ['my-alias@npm:@npmcli/semver-with-patch', 'my-alias@npm:@npmcli/semver-with-patch'],
  ['semver:@npm:@npmcli/semver-with-patch@1.0.0', 'semver:@npm:@npmcli/semver-with-patch'],
  ['alias@npm:package@1.0.0', 'alias@npm:package'],
  ['alias@npm:@scope/package@2.0.0', 'alias@npm:@scope/package'],
  ['npm/cli#c12ea07', 'npm/cli'],
  ['user/repo#main', 'user/repo'],
  ['github:user/repo#ref', 'github:user/repo'],
  ['git+https://github.com/user/repo.git#branch', 'git+https://github.com/user/repo.git'],
  ['git+https://github.com/user/repo#branch', 'git+https://github.com/user/repo'],
  ['git@github.com:user/repo.git#ref', 'git@github.com:user/repo.git'],
  ['git+ssh://git@github.com/user/repo.git#tag', 'git+ssh://git@github.com/user/repo.git'],
  ['git://github.com/user/repo#commit', 'git://github.com/user/repo'],
  ['https://github.com/user/repo.git#v1.0.0', 'https://github.com/user/repo.git'],
  ['./my-local-plugin', './my-local-plugin'],
  ['./path/to/plugin@2', './path/to/plugin@2'],
  ['package.tgz', 'package.tgz'],
  ['my-package-1.0.0.tgz', 'my-package-1.0.0.tgz'],
  ['https://example.com/package.tgz', 'https://example.com/package.tgz'],
  ['https://example.com/package.tar.gz', 'https://example.com/package.tar.gz'],
  ['https://github.com/user/repo/archive/v1.tar.gz', 'https://github.com/user/repo/archive/v1.tar.gz'],
  ['', ''],
];

test('a package that is no image is known by its name without version or git reference', () => {
  for (const [spec, key] of NPM_KEYS) assert.equal(npmKey(spec), key, spec);
});

const OCI: readonly (readonly [text: string, key: string, version: string | undefined, image?: string])[] = [
  ['oci://quay.io/user/plugin:v1.0!name', 'oci://quay.io/user/plugin:!name', 'v1.0', 'quay.io/user/plugin:v1.0'],
  ['oci://registry.io/plugin:latest!path/to/plugin', 'oci://registry.io/plugin:!path/to/plugin', 'latest'],
  ['oci://quay.io/u/p@sha256:abc123!x', 'oci://quay.io/u/p:!x', 'sha256:abc123', 'quay.io/u/p@sha256:abc123'],
  ['oci://registry.io/plugin@sha512:fedcba!x', 'oci://registry.io/plugin:!x', 'sha512:fedcba'],
  ['oci://example.com/plugin@blake3:1234!x', 'oci://example.com/plugin:!x', 'blake3:1234'],
  ['oci://quay.io/user/plugin:{{inherit}}!x', 'oci://quay.io/user/plugin:!x', undefined],
  ['oci://quay.io/user/plugin@{{inherit}}!x', 'oci://quay.io/user/plugin:!x', undefined],
  [
    'oci://registry.localhost:5000/a/b/c:bs_1.45.3__2.14.0!x',
    'oci://registry.localhost:5000/a/b/c:!x',
    'bs_1.45.3__2.14.0',
  ],
  ['oci://10.0.0.1:5000/repo/plugin:tag!a!b', 'oci://10.0.0.1:5000/repo/plugin:!a!b', 'tag'],
];

test('an image is known by its name and directory, whatever its version', () => {
  for (const [text, key, version, image] of OCI) {
    const parsed = parseOciPackage(text);
    assert.ok(parsed, text);
    assert.equal(ociKey(parsed.repository, parsed.path ?? ''), key);
    assert.equal(parsed.version, version, text);
    if (image !== undefined) assert.equal(parsed.image, image);
  }
  assert.deepEqual(parseOciPackage('oci://quay.io/u/p:{{inherit}}'), {
    repository: 'quay.io/u/p',
    version: undefined,
    image: undefined,
    path: undefined,
  });
  assert.equal(parseOciPackage('oci://quay.io/u/p:v1')?.path, undefined);
});

const NO_OCI: readonly string[] = [
  'oci://registry.io/plugin!path',
  'oci://registry.io/plugin',
  'oci://host:1000/path',
  'oci://registry.io!path',
  'oci://host:1000!path',
  'oci://registry.io:v1',
  'oci://registry.io/plugin@md5:abc123!plugin',
  'oci://host:1000/path@md5:abc123!plugin',
  'oci://registry.io/plugin@@sha256:abc!plugin',
  'oci://host:1000/path@@sha256:abc!plugin',
  'oci://registry.io/plugin:v1:v2!plugin',
  'oci://host:1000/path:v1:v2!plugin',
  'oci://registry.io/plugin:v1@sha256:abc!plugin',
  'oci://registry.io/plugin:!plugin',
  'oci://registry.io/plugin:',
  'oci://host:1000/path:!plugin',
  'oci://host:1000/path:',
  'oci://registry.io/plugin:v1.0!',
  'oci://host:1000/path:v1.0!',
  'oci://registry.io/plugin:v1.0!a b',
  'registry.io/plugin:v1.0!plugin',
  'registry.io/plugin:v1.0',
  'host:1000/path:v1.0!plugin',
  'host:1000/path:v1.0',
  'oci://host:abc/path:tag!plugin',
  'oci://host:abc/path',
  'oci://10.0.0.1:abc/path',
  'oci://10.0.0.1:abc/path:tag!plugin',
];

test('what does not follow the grammar of images is none', () => {
  for (const text of NO_OCI) assert.equal(parseOciPackage(text), undefined, text);
});

test('G5: a package that nearly follows a grammar costs no more than its length', () => {
  const long = 'a/'.repeat(50_000);
  assert.equal(parseOciPackage(`oci://host/${long}`), undefined);
  assert.equal(parseOciPackage(`oci://host/${long}:tag!path with blanks`), undefined);
  for (const text of [`@${long}`, `a@npm:${long}@`, `https://github.com/${long}#`, `user@host.${long}`, `x${long}`]) {
    assert.equal(typeof npmKey(text), 'string');
    assert.equal(typeof isGitPackage(text), 'boolean');
  }
});

const GIT: readonly string[] = [
  'npm/cli#c12',
  'user/repo',
  'u/r#semver:^1',
  'foo.bar/baz',
  'github:u/r',
  'gitlab:u/r',
  'gist:123',
  'bitbucket:u/r',
  'sourcehut:~u/r',
  'git@github.com:u/r.git',
  'me@host.example:u/r.git',
  'git+ssh://git@github.com/u/r',
  'git+https://host.example/x',
  'git+file:///x',
  'git://h/x',
  'https://github.com/u/r',
  'https://www.github.com/u/r',
  'https://user:pw@github.com/u/r',
  'http://github.com/u/r',
  'https://github.com/u/r.git#v1',
  'https://github.com/u/r/tree/main',
  'https://gitlab.com/u/r',
  'https://gitlab.com/g/s/r.git',
  'https://bitbucket.org/u/r',
  'https://gist.github.com/u/abc',
  'https://gist.github.com/abc',
  'https://git.sr.ht/~u/r',
  'a@github:u/r',
  '@s/a@u/r',
  'a@git+https://h/x',
  '@s/a@git@github.com:u/r',
  'a@https://github.com/u/r',
];

const NO_GIT: readonly string[] = [
  '@s/p@1',
  'p@1',
  'p@latest',
  'p@>=1.0.0 <2',
  'a@npm:b@1',
  'a@npm:@s/b@1',
  './x',
  '../x',
  '/abs/x',
  '~/x',
  'file:x',
  'x.tgz',
  'https://h/x.tgz',
  'https://u@h.com/x.tgz',
  'https://github.com/u/r/archive/main.tar.gz',
  'https://github.com/u/r/releases/download/v1/x.tgz',
  'https://gitlab.com/u/r/-/archive/x.tar.gz',
  'https://gitlab.com/u/r/repository/archive.tar.gz?ref=1',
  'https://user:secret@registry.example:8443/x.tgz',
  'name@https://user:secret@registry.example:8443/x.tgz',
];

test('git repositories are told from other packages as npm tells them', () => {
  for (const [list, expected] of [
    [GIT, true],
    [NO_GIT, false],
  ] as const) {
    for (const spec of list) {
      assert.equal(isGitPackage(spec), expected, spec);
      assert.equal(npa(spec, '/').type === 'git', expected, `npm: ${spec}`);
    }
  }
});

const PARTS = [
  'git',
  'git+',
  'ssh',
  'https',
  '://',
  ':',
  '/',
  '@',
  '#',
  '.',
  'github',
  '.com',
  'gitlab',
  'u',
  'repo',
  '1.0',
  'npm',
  '~',
];

test('a package of a registry is never taken for a git repository', () => {
  const spec = fc.array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(spec, (text) => {
      let type: string;
      try {
        type = npa(text, '/').type;
      } catch {
        return;
      }
      if (type === 'version' || type === 'tag' || type === 'range') assert.ok(!isGitPackage(text), text);
    }),
    { numRuns: 3000 },
  );
});
