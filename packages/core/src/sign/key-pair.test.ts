import assert from 'node:assert/strict';
import { verify } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '@gantry/testkit';
import { generateKeyPair } from './key-pair.ts';
import { openKeySigner } from './key-signer.ts';
import { writeKeyPair } from './write-key-pair.ts';

const mode = (path: string): number => statSync(path).mode & 0o777;

for (const password of ['correct horse', '', 'pässwörd 🔑']) {
  test(`a pair made with the password "${password}" signs what its public key verifies`, async (t) => {
    const pair = await generateKeyPair(password);
    const files = writeKeyPair(join(await tempDir(t), 'release'), pair);
    const signer = await openKeySigner(files.privateKey, () => password);
    const bytes = Buffer.from('x');
    assert.ok(verify('sha256', bytes, readFileSync(files.publicKey), await signer.sign(bytes)));
    assert.equal(signer.keyId, pair.id);
    await assert.rejects(
      openKeySigner(files.privateKey, () => `${password}!`),
      { code: 'CONFIG_KEY_PASSWORD' },
    );
  });
}

test('the private key is for its owner alone, whatever the umask', {
  skip: process.platform === 'win32',
}, async (t) => {
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const files = writeKeyPair(join(await tempDir(t), 'release'), await generateKeyPair(''));
  assert.equal(mode(files.privateKey), 0o600);
  assert.equal(mode(files.publicKey), 0o644);
});

test('key files that are there stay as they are without force', async (t) => {
  const directory = await tempDir(t);
  const prefix = join(directory, 'release');
  const pair = await generateKeyPair('');
  for (const name of ['release.key', 'release.pub']) {
    writeFileSync(join(directory, name), 'old');
    assert.throws(() => writeKeyPair(prefix, pair), { code: 'CONFIG_KEY_EXISTS', message: new RegExp(name) });
    assert.deepEqual(readdirSync(directory), [name], 'and nothing is left beside them');
    assert.equal(readFileSync(join(directory, name), 'utf8'), 'old');
    writeKeyPair(prefix, pair, { force: true });
    assert.equal(readFileSync(`${prefix}.pub`, 'utf8'), pair.publicKey);
    assert.equal(readFileSync(`${prefix}.key`, 'utf8'), pair.privateKey);
    assert.equal(mode(`${prefix}.key`), 0o600);
    for (const file of readdirSync(directory)) rmSync(join(directory, file));
  }
});

test('a private key is never written through a link', async (t) => {
  const directory = await tempDir(t);
  const elsewhere = join(directory, 'elsewhere');
  symlinkSync(elsewhere, join(directory, 'release.key'));
  const pair = await generateKeyPair('');
  assert.throws(() => writeKeyPair(join(directory, 'release'), pair), { code: 'CONFIG_KEY_EXISTS' });
  writeKeyPair(join(directory, 'release'), pair, { force: true });
  assert.deepEqual(readdirSync(directory).sort(), ['release.key', 'release.pub']);
});

test('a directory that cannot be written is named', async (t) => {
  const prefix = join(await tempDir(t), 'absent', 'release');
  const pair = await generateKeyPair('');
  for (const force of [false, true]) {
    assert.throws(() => writeKeyPair(prefix, pair, { force }), { code: 'CONFIG_UNREADABLE', message: /ENOENT/ });
  }
});

test('keys that other systems keep are refused by name', async () => {
  const references = [
    'awskms://alias/x',
    'gcpkms://p',
    'azurekms://v/k',
    'hashivault://k',
    'k8s://ns/s',
    'pkcs11:token=x',
  ];
  for (const reference of references) {
    const scheme = /^\w+:(\/\/)?/.exec(reference)?.[0] ?? '';
    await assert.rejects(
      openKeySigner(reference, () => ''),
      {
        code: 'CONFIG_KEY_UNSUPPORTED',
        message: new RegExp(`keys in ${scheme} `),
        hint: /cosign/,
      },
    );
  }
  await assert.rejects(
    openKeySigner('/nowhere/release.key', () => ''),
    { code: 'CONFIG_UNREADABLE' },
  );
});
