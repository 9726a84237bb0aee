import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containersWorld } from './containers.fixture.ts';
import { namedImage } from './image-scopes.ts';
import { loadLookasideConf, lookasideOf } from './registries-d.ts';

test('the lookaside of an image is that of its narrowest scope, whatever the file', async (t) => {
  const world = await containersWorld(t);
  const lookaside = (image: string): string | undefined => {
    const named = namedImage(image);
    assert.ok(named);
    return lookasideOf(loadLookasideConf(world.places), named)?.url;
  };
  assert.equal(lookaside('a.example/app:1'), undefined);
  await world.write('etc/registries.d/default.yaml', 'default-docker:\n  lookaside-staging: file:///staging\n');
  assert.equal(lookaside('a.example/app:1'), undefined);
  await world.write('etc/registries.d/default.yaml', 'default-docker:\n  sigstore: file:///all\n');
  await world.write(
    'etc/registries.d/a.yaml',
    'docker:\n  a.example:\n    lookaside: https://host.example\n    sigstore: https://old.example\n  a.example/team/app:1:\n    lookaside: https://tag.example\n',
  );
  await world.write('etc/registries.d/b.yaml', 'docker:\n  a.example/team:\n    use-sigstore-attachments: true\n');
  await world.write('etc/registries.d/empty.yaml', '');
  await world.write('etc/registries.d/notes.txt', ': no YAML');
  const cases: readonly (readonly [image: string, url: string])[] = [
    ['a.example/team/app:1', 'https://tag.example'],
    ['a.example/team/app:2', 'https://host.example'],
    ['b.example/team/app:2', 'file:///all'],
  ];
  for (const [image, url] of cases) assert.equal(lookaside(image), url, image);
  await world.write(
    'home/.config/containers/registries.d/user.yaml',
    'docker:\n  a.example:\n    lookaside: file:///user\n',
  );
  assert.equal(lookaside('a.example/team/app:1'), 'file:///user');
  assert.equal(lookaside('b.example/team/app:1'), undefined);
});

test('what cannot be read names the file, and the line where there is one', async (t) => {
  const cases: readonly (readonly [files: readonly string[], problem: RegExp])[] = [
    [['a: [\n'], /\/0\.yaml:[0-9]+: /],
    [['- a\n'], /0\.yaml: the file is not a map$/],
    [['docker: 5\n'], /0\.yaml: docker is not a map$/],
    [['docker:\n  a.example:\n    lookaside: [x]\n'], /lookaside of a\.example is not a text$/],
    [
      ['docker:\n  a.example: {}\n', 'docker:\n  a.example: {}\n'],
      /1\.yaml: a\.example is there already in .*0\.yaml$/,
    ],
    [['default-docker: {}\n', 'default-docker: {}\n'], /1\.yaml: default-docker is there already in .*0\.yaml$/],
  ];
  for (const [files, message] of cases) {
    const world = await containersWorld(t);
    for (const [index, text] of files.entries()) await world.write(`etc/registries.d/${index}.yaml`, text);
    assert.throws(() => loadLookasideConf(world.places), { code: 'CONFIG_CONTAINERS', message });
  }
});
