import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRegistriesFile } from './read-registries-file.ts';

const FILE = '/etc/containers/registries.conf';

test('tables, mirrors and defaults are read as containers-registries.conf(5) says', () => {
  const text = `
unqualified-search-registries = ["docker.io"]
short-name-mode = "permissive"
credential-helpers = ["ecr-login", "containers-auth.json"]

[[registry]]
prefix = "example.com/foo/"
location = "internal.example/bar/"
blocked = true
some-day = 1

[[registry.mirror]]
location = "mirror.example"
insecure = true
[[registry.mirror]]
location = "tags.example"
pull-from-mirror = "tag-only"

[[registry]]
location = "registry.example:5000"
mirror-by-digest-only = true
[[registry.mirror]]
location = "digests.example"

[[registry]]
prefix = "*.wild.example"
[[registry]]
prefix = "*.wild.example"

[aliases]
fedora = "registry.fedoraproject.org/fedora"
`;
  const common = { insecure: false, blocked: false, mirrors: [], file: FILE };
  assert.deepEqual(readRegistriesFile(text, FILE), {
    credentialHelpers: ['ecr-login', 'containers-auth.json'],
    tables: [
      {
        ...common,
        prefix: 'example.com/foo',
        location: 'internal.example/bar',
        blocked: true,
        line: 6,
        mirrors: [
          { location: 'mirror.example', insecure: true, pull: 'all' },
          { location: 'tags.example', insecure: false, pull: 'tag-only' },
        ],
      },
      {
        ...common,
        prefix: 'registry.example:5000',
        location: 'registry.example:5000',
        line: 19,
        mirrors: [{ location: 'digests.example', insecure: false, pull: 'digest-only' }],
      },
      { ...common, prefix: '*.wild.example', location: '', line: 25 },
    ],
  });
  assert.deepEqual(readRegistriesFile('', FILE), { tables: [], credentialHelpers: undefined });
});

test('G3: what cannot be read names the file and the line', () => {
  const table = '[[registry]]\nlocation = "a.example"\n';
  const cases: readonly (readonly [text: string, line: number, problem: RegExp])[] = [
    ['a = 1\nb = x y\n', 2, /invalid/i],
    ['[[registry]]\nlocation = "a.example"\nlocation = "b.example"\n', 3, /location|redefine/i],
    ['\n[[registry]]\ninsecure = true\n', 2, /neither prefix nor location/],
    ['[[registry]]\nprefix = "a.example"\n', 1, /a\.example has no location/],
    ['[[registry]]\nlocation = 5\n', 1, /location is not a string/],
    [`${table}insecure = "yes"\n`, 1, /insecure is not true or false/],
    [`${table}pull-from-mirror = "all"\n`, 1, /for mirrors/],
    [`${table}[[registry.mirror]]\n`, 3, /mirror has no location/],
    [`${table}[[registry.mirror]]\nlocation = "https://m.example"\n`, 3, /begins with a scheme/],
    [
      `${table}[[registry.mirror]]\nlocation = "m"\n\n[[registry.mirror]]\nlocation = []\n`,
      6,
      /location is not a string/,
    ],
    [`${table}[[registry.mirror]]\nlocation = "m"\npull-from-mirror = "never"\n`, 3, /is never, expected all/],
    [
      `${table}mirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m"\npull-from-mirror = "all"\n`,
      4,
      /has pull-from-mirror and its/,
    ],
    [
      `${table}[[registry]]\nprefix = "b.example"\nlocation = "a.example"\ninsecure = true\n`,
      3,
      /twice, once insecure/,
    ],
    [`${table}blocked = true\n[[registry]]\nprefix = "b.example"\nlocation = "a.example"\n`, 4, /twice, once blocked/],
    ['\n[registries.search]\nregistries = ["a.example"]\n', 2, /version 1/],
  ];
  for (const [text, line, problem] of cases) {
    assert.throws(
      () => readRegistriesFile(text, FILE),
      (error: { code?: string; message: string; details?: { line?: number } }) => {
        assert.equal(error.code, 'CONFIG_CONTAINERS', error.message);
        assert.ok(error.message.startsWith(`${FILE}:${line}: `), `${error.message} at ${line}`);
        assert.match(error.message, problem);
        assert.equal(error.details?.line, line);
        return true;
      },
      text,
    );
  }
  const withoutLine: readonly (readonly [text: string, problem: RegExp])[] = [
    ['registry = 1', /registry is not a list of tables/],
    ['credential-helpers = "x"', /credential-helpers is not a list of strings/],
    ['registries = []', /registries is not a table/],
  ];
  for (const [text, message] of withoutLine) {
    assert.throws(() => readRegistriesFile(text, FILE), { code: 'CONFIG_CONTAINERS', message });
  }
});
