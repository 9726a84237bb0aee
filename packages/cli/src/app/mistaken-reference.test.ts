import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { gantry } from '../run-main.fixture.ts';

test('a failure says how the reference was read, and what was probably meant', async (t) => {
  const cwd = await tempDir(t);
  await mkdir(join(cwd, 'other'));
  for (const name of ['other/ed.sh', 'other/Ed.sh', 'ed.sh']) await writeFile(join(cwd, name), '#!/bin/sh\n');
  const options = { cwd, env: { HOME: cwd, GANTRY_HOME: join(cwd, 'home') } };
  const cases = [
    [['run', 'other/ed.sh', '--offline'], 'other/ed.sh was read as docker.io/other/ed.sh: ', 'write ./other/ed.sh'],
    [['install', 'other/ed.sh', '--offline'], 'was read as docker.io/other/ed.sh: ', 'write ./other/ed.sh'],
    [['run', 'other/Ed.sh', '--offline'], 'REFERENCE_INVALID', 'write ./other/Ed.sh'],
    [['run', 'ed.sh'], 'INSTALL_NOT_FOUND', 'write ./ed.sh'],
    [
      ['inspect', '127.0.0.1:5000', '--offline'],
      '127.0.0.1:5000 was read as docker.io/library/127.0.0.1:5000: ',
      'the repository is missing: write 127.0.0.1:5000/REPOSITORY:TAG',
    ],
    [['tags', 'acme/tool', '--offline'], 'was read as docker.io/acme/tool: ', 'HOST/REPOSITORY:TAG'],
  ] as const;
  for (const [args, message, hint] of cases) {
    const { code, err } = await gantry(args, options);
    assert.notEqual(code, 0);
    assert.ok(err.includes(message) && err.slice(err.indexOf('\nhint: ')).includes(hint), err);
  }
});

test('a failure about a reference that names its registry is left as it is', async (t) => {
  const cwd = await tempDir(t);
  const options = { cwd, env: { HOME: cwd, GANTRY_HOME: join(cwd, 'home') } };
  for (const text of ['docker.io/acme/tool', '127.0.0.1:1/acme/tool']) {
    const { err } = await gantry(['inspect', text, '--offline'], options);
    assert.match(err, /REGISTRY_OFFLINE/);
    assert.doesNotMatch(err, /was read as/);
  }
});
