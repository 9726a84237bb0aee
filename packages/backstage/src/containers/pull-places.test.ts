import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReference, type RegistryReference } from '@gantry/oci';
import { pullPlaces } from './pull-places.ts';
import { readRegistriesFile } from './read-registries-file.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

const CONF = `
[[registry]]
prefix = "example.com/foo"
location = "internal.example/bar"
[[registry.mirror]]
location = "mirror.example/for-foo"
[[registry.mirror]]
location = "plain.example:5000"
insecure = true
[[registry.mirror]]
location = "digests.example"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "tags.example"
pull-from-mirror = "tag-only"
[[registry.mirror]]
location = "blocked.example/x"
[[registry.mirror]]
location = "loose.example/x"

[[registry]]
prefix = "example.com/foo/deeper"
location = "deeper.example"

[[registry]]
location = "blocked.example"
blocked = true

[[registry]]
location = "loose.example"
insecure = true

[[registry]]
location = "only-mirror.example"
blocked = true
mirror-by-digest-only = true
[[registry.mirror]]
location = "mirror.example/only"

[[registry]]
prefix = "*.wild.example"
[[registry.mirror]]
location = "mirror.example/wild"

[[registry]]
prefix = "*.moved.example"
location = "moved.example/all"

[[registry]]
prefix = "docker.io/library"
location = "mirror.example/hub"

[[registry]]
prefix = "pinned.example/app:v1"
location = "pinned.example/app:v2"

[[registry]]
prefix = "short.example"
location = "short"
`;

function placesOf(image: string): readonly string[] | undefined {
  const conf = readRegistriesFile(CONF, '/etc/containers/registries.conf');
  const places = pullPlaces(parseReference(image) as RegistryReference, conf);
  return places?.map(({ registry, repository, insecure }) => `${registry}/${repository}${insecure ? ' insecure' : ''}`);
}

test('the places of an image, by tag and by digest', () => {
  const always = ['mirror.example/for-foo/app', 'plain.example:5000/app insecure'];
  const rest = ['loose.example/x/app insecure', 'internal.example/bar/app'];
  const cases: readonly (readonly [image: string, places: readonly string[] | undefined])[] = [
    ['example.com/foo/app:1', [...always, 'tags.example/app', ...rest]],
    ['example.com/foo/app', [...always, 'tags.example/app', ...rest]],
    [`example.com/foo/app@${DIGEST}`, [...always, 'digests.example/app', ...rest]],
    [`example.com/foo/app:1@${DIGEST}`, [...always, 'digests.example/app', ...rest]],
    ['example.com/foo/deeper/app:1!inside', ['deeper.example/app']],
    ['example.com/foobar:1', undefined],
    ['other.example/foo/app:1', undefined],
    ['loose.example/app:1', ['loose.example/app insecure']],
    [`only-mirror.example/app@${DIGEST}`, ['mirror.example/only/app']],
    ['a.wild.example/team/app:1', ['mirror.example/wild/team/app', 'a.wild.example/team/app']],
    ['a.b.moved.example/team/app:1', ['moved.example/all/team/app']],
    ['busybox:1', ['mirror.example/hub/busybox']],
    ['docker.io/team/busybox:1', undefined],
  ];
  for (const [image, places] of cases) assert.deepEqual(placesOf(image), places, image);
});

test('an image whose every place is blocked is refused, and says by what', () => {
  for (const image of ['blocked.example/app:1', 'only-mirror.example/app:1']) {
    assert.throws(() => placesOf(image), {
      code: 'REGISTRY_BLOCKED',
      message: new RegExp(`^${image} is blocked by ${image.split('/')[0]} in /etc/containers/registries\\.conf$`),
    });
  }
});

test('a location that makes another tag or no reference is an error', () => {
  for (const image of ['pinned.example/app:v1', 'short.example/app:v1']) {
    assert.throws(() => placesOf(image), {
      code: 'CONFIG_CONTAINERS',
      message: /^\/etc\/containers\/registries\.conf:\d+: .* makes no place for /,
    });
  }
});
