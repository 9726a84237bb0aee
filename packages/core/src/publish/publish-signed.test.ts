import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryRepository, parsePlatform, type Repository, resolveTag } from '@gantry/oci';
import { tempDir } from '@gantry/testkit';
import { keySigner } from '../sign/key-signer.ts';
import type { Signer } from '../sign/signer.ts';
import { publishSigned } from './publish-signed.ts';

async function script(t: TestContext): Promise<string> {
  const path = join(await tempDir(t), 'hello.sh');
  await writeFile(path, '#!/bin/sh\necho hello\n');
  return path;
}

function signer(): Promise<Signer> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return keySigner(String(privateKey.export({ type: 'pkcs8', format: 'pem' })), 'test key', () => '');
}

/** A repository, and what was done to it in order. */
function observed(): { readonly repository: Repository; readonly steps: string[] } {
  const inner = memoryRepository();
  const steps: string[] = [];
  const repository: Repository = new Proxy(inner, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]) => {
        if (name === 'pushManifest') steps.push(`push ${JSON.stringify(args[2] ?? {})}`);
        if (name === 'tag') steps.push(`tag ${String(args[1])}`);
        return member.apply(target, args);
      };
    },
  });
  return { repository, steps };
}

test('a tag is set after everything is signed', async (t) => {
  const { repository, steps } = observed();
  const request = { content: [await script(t)], tag: '1.0' };
  const published = await publishSigned(repository, request, { signer: await signer() });
  assert.deepEqual(steps, ['push {}', 'push {}', 'tag 1.0']);
  assert.equal((await resolveTag(repository, '1.0'))?.digest, published.root.digest);
  assert.deepEqual(
    published.signatures.map(({ digest }) => digest),
    [published.root.digest],
  );
});

test('a tag stays where it was when signing fails', async (t) => {
  const { repository } = observed();
  const content = [await script(t)];
  const honest = await signer();
  const before = await publishSigned(repository, { content, tag: '1.0' }, { signer: honest });
  const broken = { ...honest, sign: (await signer()).sign };
  const annotations = { version: '2' };
  await assert.rejects(publishSigned(repository, { content, annotations, tag: '1.0' }, { signer: broken }), {
    code: 'SIGNATURE_INVALID',
  });
  assert.equal((await resolveTag(repository, '1.0'))?.digest, before.root.digest);
});

test('an index is signed, and with recursive its platforms too', async (t) => {
  const { repository } = observed();
  const path = await script(t);
  const content = ['linux/amd64', 'linux/arm64'].map((text) => ({ platform: parsePlatform(text), path }));
  const sign = { signer: await signer(), recursive: true };
  const { root, signatures } = await publishSigned(repository, { content }, sign);
  assert.equal(signatures.at(-1)?.digest, root.digest);
  // Both platforms have the same file, so that they are one manifest.
  assert.equal(signatures.length, 2);
});
