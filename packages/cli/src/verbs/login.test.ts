import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { scriptedRegistry, startTokenServer, tempDir } from '@gantry/testkit';
import { recordIo } from '../io.fixture.ts';
import { main } from '../main.ts';
import { gantry, gantryJson } from '../run-main.fixture.ts';

const password = 'canary-p4ssw0rd';

test('login checks the credential, keeps it beside the others, and logout takes it away again', async (t) => {
  const registry = await scriptedRegistry(t, [], { auth: { kind: 'basic', users: { me: password } } });
  const cwd = await tempDir(t);
  const file = join(cwd, 'config.json');
  await writeFile(file, JSON.stringify({ auths: { 'other.example': { auth: 'eDp5' } }, kept: 1 }), { mode: 0o600 });
  const options = { cwd, env: { HOME: cwd, DOCKER_CONFIG: cwd }, stdin: `${password}\n` };
  const login = ['login', registry.address, '-u', 'me', '--password-stdin'];
  assert.deepEqual(await gantryJson(login, options), {
    schemaVersion: 1,
    registry: registry.address,
    verified: true,
    storedIn: file,
  });
  const stored = JSON.parse(await readFile(file, 'utf8'));
  assert.equal(Buffer.from(stored.auths[registry.address].auth, 'base64').toString(), `me:${password}`);
  assert.equal(stored.auths['other.example'].auth, 'eDp5');
  assert.equal(stored.kept, 1);
  await writeFile(join(cwd, 'hello.sh'), '#!/bin/sh\n');
  assert.equal((await gantry(['push', `${registry.address}/acme/hello:1`, 'hello.sh'], options)).code, 0);

  assert.deepEqual(await gantryJson(['logout', registry.address], options), {
    schemaVersion: 1,
    registry: registry.address,
    removedFrom: [file],
  });
  const after = await gantry(['tags', `${registry.address}/acme/hello`], options);
  assert.equal(after.code, 3);
  assert.match(after.err, /REGISTRY_UNAUTHORIZED\)\nhint: .*gantry login/);
  assert.equal((await gantry(['logout', registry.address], options)).out, `not logged in to ${registry.address}\n`);
});

test('A11: a secret is in no output, whatever fails and however verbose it is', async (t) => {
  const registry = await scriptedRegistry(t, [], { auth: { kind: 'basic', users: { me: 'another' } } });
  const cwd = await tempDir(t);
  const options = { cwd, env: { HOME: cwd, DOCKER_CONFIG: cwd }, stdin: password };
  const base64 = Buffer.from(`me:${password}`).toString('base64');
  await writeFile(join(cwd, 'config.json'), JSON.stringify({ auths: { [registry.address]: { auth: base64 } } }), {
    mode: 0o600,
  });
  const ref = `${registry.address}/acme/hello:1`;
  const calls = [
    ['login', registry.address, '-u', 'me', '--password-stdin'],
    ['tags', ref],
    ['inspect', ref],
    ['run', ref, '--allow-unsigned'],
    ['install', ref, '--allow-unsigned'],
    ['pull', `https://me:${password}@${registry.address}/x.tgz?token=${password}`],
  ];
  for (const call of calls) {
    for (const flags of [['--verbose'], ['--verbose', '--json']]) {
      const { code, out, err } = await gantry([...call, ...flags], options);
      assert.notEqual(code, 0, call.join(' '));
      for (const secret of [password, base64]) assert.ok(!`${out}${err}`.includes(secret), `${call[0]}: ${out}${err}`);
    }
  }
});

test('without a terminal nothing is asked for', async (t) => {
  const cwd = await tempDir(t);
  const options = { cwd, env: { HOME: cwd } };
  const cases = [
    [['login', '127.0.0.1:1'], 'username is missing', '--username'],
    [['login', '127.0.0.1:1', '-u', 'me'], 'password is missing', '--password-stdin'],
    [['login', '127.0.0.1:1', '-u', 'me', '--password-stdin'], 'the password is empty', '--password-stdin'],
  ] as const;
  for (const [args, message, hint] of cases) {
    const { code, err } = await gantry(args, options);
    assert.equal(code, 2, err);
    assert.ok(err.includes(message) && err.includes(hint), err);
  }
});

/** Calls `login` with somebody at the terminal who answers each question when it is asked. */
async function converse(t: TestContext, answers: readonly string[]) {
  const tokens = await startTokenServer(t, { users: { me: password } });
  const registry = await scriptedRegistry(t, [], { auth: { kind: 'bearer', tokens } });
  const cwd = await tempDir(t);
  const stdin = new PassThrough();
  const io = { ...recordIo({ cwd, env: { HOME: cwd }, interactive: true }), stdin };
  let asked = 0;
  io.stderr.on('data', (text: Buffer) => {
    const question = /: $|\? \[y\/N\] $/.test(text.toString());
    if (question) setImmediate(() => stdin.write(`${answers[asked++]}\n`));
  });
  const code = await main(['login', registry.address], io);
  return { code, io, cwd, tokens, registry };
}

test('at a terminal login asks, shows no password, and offers to record a token service', async (t) => {
  const { code, io, cwd, tokens, registry } = await converse(t, ['me', password, 'y']);
  assert.equal(code, 0, io.err());
  assert.ok(!io.err().includes(password));
  assert.match(io.err(), /has its token service on 127\.0\.0\.1:\d+\. Send the password there/);
  const yaml = await readFile(join(cwd, '.config', 'gantry', 'gantry.yaml'), 'utf8');
  assert.ok(yaml.includes(registry.address) && yaml.includes(tokens.address), yaml);
  const again = await gantry(['tags', `${registry.address}/acme/hello`], { cwd, env: { HOME: cwd } });
  assert.match(again.err, /REGISTRY_NOT_FOUND/, 'the credential is used, and the token service trusted');
});

test('A1: without agreement no token service on another host gets the credential, and nothing is kept', async (t) => {
  const { code, io, cwd, tokens } = await converse(t, ['me', password, '']);
  assert.equal(code, 3);
  assert.match(io.err(), /REGISTRY_REALM_REFUSED/);
  assert.ok(tokens.requests.every((request) => request.authorization === undefined));
  assert.deepEqual(await readdir(cwd), []);
});
