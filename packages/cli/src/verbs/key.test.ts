import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keySigner } from '@gantry/core';
import { tempDir } from '@gantry/testkit';
import { gantry, gantryJson } from '../run-main.fixture.ts';

async function home(t: TestContext, password?: string) {
  const cwd = await tempDir(t);
  const env = { HOME: cwd, ...(password !== undefined && { COSIGN_PASSWORD: password }) };
  return { cwd, options: { cwd, env } };
}

test('key generate writes a pair that belongs together, readable with the password of COSIGN_PASSWORD', async (t) => {
  for (const password of ['open sesame', '']) {
    const { cwd, options } = await home(t, password);
    const made = await gantryJson(['key', 'generate', '--output', 'release'], options);
    const [privateKey, publicKey] = [join(cwd, 'release.key'), join(cwd, 'release.pub')];
    assert.deepEqual(made, { schemaVersion: 1, privateKey, publicKey, id: made['id'] });
    const pem = await readFile(privateKey, 'utf8');
    assert.match(pem, /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/);
    const signer = await keySigner(pem, 'release.key', () => password);
    assert.equal(signer.keyId, made['id']);
    const given = createPublicKey(await readFile(publicKey, 'utf8'));
    assert.ok(given.equals(createPublicKey(signer.publicKey)));
    if (process.platform !== 'win32') assert.equal((await stat(privateKey)).mode & 0o777, 0o600);
  }
});

test('key generate prints the two files, and its advice on stderr', async (t) => {
  const { cwd, options } = await home(t, '');
  const { code, out, err } = await gantry(['key', 'generate'], options);
  assert.equal(code, 0);
  assert.equal(out, `${join(cwd, 'gantry.key')}\n${join(cwd, 'gantry.pub')}\n`);
  assert.match(err, /^keep the first to yourself/);
});

test('key generate overwrites nothing without --force', async (t) => {
  for (const taken of ['gantry.key', 'gantry.pub']) {
    const { cwd, options } = await home(t, '');
    await writeFile(join(cwd, taken), 'mine');
    const { code, out, err } = await gantry(['key', 'generate'], options);
    assert.equal(code, 2, err);
    assert.equal(out, '');
    assert.match(err, /gantry\.(key|pub) is there already \(CONFIG_KEY_EXISTS\)/);
    assert.equal(await readFile(join(cwd, taken), 'utf8'), 'mine');
    assert.equal((await gantry(['key', 'generate', '--force'], options)).code, 0);
    assert.match(await readFile(join(cwd, taken), 'utf8'), /^-----BEGIN/);
  }
});

test('key generate asks for the password twice at a terminal, and is a mistake without one', async (t) => {
  const { cwd, options } = await home(t);
  const alone = await gantry(['key', 'generate'], options);
  assert.equal(alone.code, 2);
  assert.match(alone.err, /password for the new key is missing, and there is no terminal to ask \(CONFIG_USAGE\)/);
  assert.match(alone.err, /hint: set COSIGN_PASSWORD; it may be empty/);

  const differing = await gantry(['key', 'generate'], { ...options, interactive: true, stdin: 'one\ntwo\n' });
  assert.equal(differing.code, 2, differing.err);
  assert.match(differing.err, /the two passwords differ \(CONFIG_USAGE\)/);

  const asked = await gantry(['key', 'generate'], { ...options, interactive: true, stdin: 'secret\nsecret\n' });
  assert.equal(asked.code, 0, asked.err);
  assert.doesNotMatch(asked.err + asked.out, /secret/);
  const pem = await readFile(join(cwd, 'gantry.key'), 'utf8');
  await keySigner(pem, 'gantry.key', () => 'secret');
});
