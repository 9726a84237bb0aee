import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type FakeSignature,
  FINGERPRINTS,
  gpgDoubles,
  leftBehind,
  lookasideServer,
  signatureText,
  skopeoRuns,
} from './gpg.fixture.ts';
import { type PolicyWorld, policyWorld, program } from './policy.fixture.ts';

const [FIRST, SECOND, THIRD] = FINGERPRINTS;
const skip = process.platform === 'win32' ? 'the doubles are shell scripts' : false;

interface SignedWorld extends PolicyWorld {
  readonly digest: string;
  /** Path of a signature below a lookaside, from 1 on. */
  path(number: number, repository?: string): string;
  /** Puts signatures into the directory that counts where no lookaside is configured. */
  sign(...signatures: readonly Partial<FakeSignature>[]): Promise<void>;
  signature(changes?: Partial<FakeSignature>): string;
  /** Requires a signature by one of the keys. */
  signedBy(more?: object, fingerprints?: readonly string[]): Promise<string>;
}

async function signedWorld(t: TestContext, options: { readonly index?: boolean } = {}): Promise<SignedWorld> {
  const world = await policyWorld(t, options);
  await gpgDoubles(world);
  const { digest } = world.published.descriptor;
  const path = (number: number, repository = 'team/app'): string =>
    `/${repository}@${digest.replace(':', '=')}/signature-${number}`;
  const signature = (changes: Partial<FakeSignature> = {}): string =>
    signatureText({ reference: world.image, fingerprint: FIRST, digest, ...changes });
  let keys = 0;
  const key = async (fingerprint: string): Promise<string> => {
    keys += 1;
    return world.write(`keys/${keys}.gpg`, `a key\n${fingerprint}\n`);
  };
  return {
    ...world,
    ...{ digest, path, signature },
    sign: async (...signatures) => {
      await rm(world.places.signatures, { recursive: true, force: true });
      for (const [index, one] of signatures.entries()) {
        await world.write(join('signatures', path(index + 1)), signature(one));
      }
    },
    signedBy: async (more = {}, fingerprints = [FIRST]) => {
      const keyPaths = await Promise.all(fingerprints.map(key));
      return world.require({ type: 'signedBy', keyType: 'GPGKeys', keyPaths, ...more });
    },
  };
}

test('a GPG signature of the manifest that was fetched is enough; nothing is fetched twice', { skip }, async (t) => {
  const world = await signedWorld(t);
  await world.signedBy();
  await world.sign({});
  const plugin = await world.enforce();
  assert.equal(plugin.root.digest, world.digest);
  assert.deepEqual(
    world.registry.log.requests.map(({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`),
    ['GET manifests/1'],
  );
  assert.deepEqual(skopeoRuns(world), { dumps: 1, verifications: 1 });
  assert.deepEqual(leftBehind(world), []);
});

test('C5: one good signature among bad ones is enough, and reading stops at it', { skip }, async (t) => {
  const world = await signedWorld(t);
  await world.signedBy();
  await world.sign(
    { fingerprint: SECOND },
    { digest: `sha256:${'0'.repeat(64)}` },
    { reference: 'x.example/y:1' },
    {},
    {},
  );
  await world.enforce();
  assert.deepEqual(skopeoRuns(world), { dumps: 4, verifications: 2 });
});

test('C1: none, another key, another manifest, another name, no signature at all', { skip }, async (t) => {
  const world = await signedWorld(t);
  const file = await world.signedBy();
  const shown = `${world.image}@${world.digest}`;
  await assert.rejects(world.enforce(), (error: { code?: string; message: string }) => {
    assert.equal(error.code, 'SIGNATURE_MISSING');
    assert.ok(
      error.message.startsWith(`${shown}: ${file} (default) wants a GPG signature, and there is none at file://`),
    );
    return true;
  });
  const cases: readonly (readonly [signature: Partial<FakeSignature>, code: string, problem: RegExp])[] = [
    [{ fingerprint: SECOND }, 'SIGNATURE_INVALID', /by the key B{16}, which is none of those that count/],
    [{ digest: `sha256:${'0'.repeat(64)}` }, 'SIGNATURE_INVALID', /Error verifying signature: another manifest/],
    [{ reference: 'other.example/app:1' }, 'POLICY_IDENTITY', /it says other\.example\/app:1, for 127/],
    [{ reference: '--help' }, 'SIGNATURE_INVALID', /no signature of simple signing/],
  ];
  for (const [signature, code, message] of cases) {
    await world.sign(signature);
    await assert.rejects(world.enforce(), { code, message });
  }
  await world.write(join('signatures', world.path(1)), 'junk');
  await assert.rejects(world.enforce(), { code: 'SIGNATURE_INVALID', message: /no signature of simple signing/ });
  assert.deepEqual(leftBehind(world), []);
});

test('C6: each requirement of a list needs a signature of its own', { skip }, async (t) => {
  const world = await signedWorld(t);
  const rule = async (name: string, fingerprint: string): Promise<object> => ({
    type: 'signedBy',
    keyType: 'GPGKeys',
    keyPath: await world.write(`keys/${name}`, `${fingerprint}\n`),
  });
  await world.require(await rule('vendor', FIRST), await rule('reviewer', SECOND));
  await world.sign({});
  await assert.rejects(world.enforce(), { code: 'SIGNATURE_INVALID', message: /by the key A{16}/ });
  await world.sign({}, { fingerprint: SECOND });
  await world.enforce();
  await world.require(await rule('vendor', FIRST), { type: 'reject' });
  await assert.rejects(world.enforce(), { code: 'POLICY_REFUSED' });
});

test('keys in the policy and several files of keys count together', { skip }, async (t) => {
  const world = await signedWorld(t);
  await world.signedBy({}, [SECOND, FIRST]);
  await world.sign({});
  await world.enforce();
  const keyData = Buffer.from(`${FIRST}\n`).toString('base64');
  await world.require({ type: 'signedBy', keyType: 'GPGKeys', keyData });
  await world.enforce();
  for (const keyPath of [await world.write('keys/none', 'nothing'), '/nowhere/key']) {
    await world.require({ type: 'signedBy', keyType: 'GPGKeys', keyPath });
    await assert.rejects(world.enforce(), {
      code: 'POLICY_UNENFORCED',
      message: new RegExp(`cannot be enforced: ${keyPath}: there is no `),
    });
  }
});

test('a remapped identity is compared under the name that its publisher signs', { skip }, async (t) => {
  const world = await signedWorld(t);
  const prefix = `${world.registry.address}/team`;
  await world.signedBy({ signedIdentity: { type: 'remapIdentity', prefix, signedPrefix: 'vendor.example/plugins' } });
  await world.sign({});
  await assert.rejects(world.enforce(), { code: 'POLICY_IDENTITY' });
  await world.sign({ reference: 'vendor.example/plugins/app:1' });
  await world.enforce();
});

test('without skopeo, or without gpg, it is refused with an explanation', { skip }, async (t) => {
  const world = await signedWorld(t);
  await world.sign({});
  const keyPath = await world.write('keys/one', `${FIRST}\n`);
  const docker = { [world.registry.address]: [{ type: 'signedBy', keyType: 'GPGKeys', keyPath }] };
  const policy = { default: [{ type: 'reject' }], transports: { docker } };
  const file = await world.write('etc/policy.json', JSON.stringify(policy));
  for (const name of ['gpg', 'skopeo']) {
    await rm(join(world.directory, 'bin', name));
    await assert.rejects(world.enforce(), (error: { code?: string; message: string; hint?: string }) => {
      assert.equal(error.code, 'POLICY_UNENFORCED');
      const rule = `${file} (docker, ${world.registry.address})`;
      const why = `signedBy needs ${name} on PATH, and it is not there`;
      assert.equal(error.message, `${world.image}@${world.digest}: ${rule} cannot be enforced: ${why}`);
      assert.match(error.hint ?? '', new RegExp(`^install ${name}`));
      return true;
    });
  }
});

test('a lookaside of registries.d is asked by http, in order, without credentials', { skip }, async (t) => {
  const world = await signedWorld(t);
  const files = new Map([
    [`/sigs${world.path(1)}`, world.signature({ fingerprint: THIRD })],
    [`/sigs${world.path(2)}`, world.signature()],
  ]);
  const server = await lookasideServer(t, files);
  const scope = `${world.registry.address}/team`;
  await world.write('etc/registries.d/team.yaml', `docker:\n  ${scope}:\n    lookaside: ${server.url}/sigs/\n`);
  await world.signedBy();
  await world.enforce();
  assert.deepEqual(server.asked, [`/sigs${world.path(1)}`, `/sigs${world.path(2)}`]);
  assert.deepEqual(server.secrets, []);
  files.delete(`/sigs${world.path(2)}`);
  await assert.rejects(world.enforce(), { code: 'SIGNATURE_INVALID' });
});

test('C1: a lookaside that cannot be asked is an error, unless another one has the signature', { skip }, async (t) => {
  const world = await signedWorld(t);
  const broken = await lookasideServer(t, new Map(), 500);
  const [host] = world.image.split('/');
  await world.write(
    'etc/registries.conf',
    `[[registry]]\nprefix = "vendor.example"\nlocation = "nowhere.invalid"\n[[registry.mirror]]\nlocation = "${host}"\n`,
  );
  await world.write('etc/registries.d/1.yaml', `docker:\n  vendor.example:\n    sigstore: ${broken.url}\n`);
  await world.signedBy({ signedIdentity: { type: 'matchRepository' } });
  const image = 'vendor.example/team/app:1';
  await assert.rejects(world.enforce(image), { code: 'REGISTRY_UNAVAILABLE' });
  await world.sign({ reference: 'vendor.example/team/app:9' });
  await world.enforce(image);
  assert.equal(broken.asked.length, 1);
});

test('lookasideSignatures and lookasideSignatureBytes at n and n+1', { skip }, async (t) => {
  const world = await signedWorld(t);
  await world.signedBy();
  await world.sign({ fingerprint: SECOND }, {});
  const enforce = (limits: Record<string, number>) => world.enforce(world.image, { limits });
  await enforce({ lookasideSignatures: 2 });
  await assert.rejects(enforce({ lookasideSignatures: 1 }), {
    code: 'SIGNATURE_LIMIT',
    message: /more than 1 signatures/,
  });
  const size = world.signature().length;
  await enforce({ lookasideSignatureBytes: size });
  await assert.rejects(enforce({ lookasideSignatureBytes: size - 1 }), { code: 'SIGNATURE_LIMIT' });
  const server = await lookasideServer(t, new Map([[world.path(1), world.signature()]]));
  await world.write('etc/registries.d/1.yaml', `default-docker:\n  lookaside: ${server.url}\n`);
  await enforce({ lookasideSignatureBytes: size });
  await assert.rejects(enforce({ lookasideSignatureBytes: size - 1 }), { code: 'REGISTRY_LIMIT' });
});

test('F12: a program that does not end is killed, by signatureToolTimeout or when the run is cancelled', {
  skip,
}, async (t) => {
  const world = await signedWorld(t);
  await world.signedBy();
  await world.sign({});
  await world.enforce(world.image, { limits: { signatureToolTimeout: 60_000 } });
  const running = join(world.directory, 'running');
  await program(world, 'skopeo', `echo > ${running}\nexec sleep 600`);
  await assert.rejects(world.enforce(world.image, { limits: { signatureToolTimeout: 500 } }), {
    code: 'POLICY_UNENFORCED',
    message: /skopeo: did not end within 500 ms$/,
  });
  const aborter = new AbortController();
  const reason = new Error('enough');
  await rm(running, { force: true });
  const { watch } = await import('node:fs');
  const watcher = watch(world.directory, (_, name) => name === 'running' && aborter.abort(reason));
  t.after(() => watcher.close());
  await assert.rejects(world.enforce(world.image, { signal: aborter.signal }), reason);
  assert.deepEqual(leftBehind(world), []);
});

test('a program that cannot be started is an error', { skip }, async (t) => {
  const world = await signedWorld(t);
  await world.signedBy();
  await world.sign({});
  const { chmod } = await import('node:fs/promises');
  await chmod(await world.write('bin/skopeo', '#!/nowhere/sh\n'), 0o755);
  await assert.rejects(world.enforce(), { code: 'POLICY_UNENFORCED', message: /skopeo: cannot be run$/ });
});

test('A11: a lookaside that is no web server and no directory, or has a password in it, is an error of its file', {
  skip,
}, async (t) => {
  const world = await signedWorld(t);
  await world.signedBy();
  for (const url of ['ftp://sigs.example', 'sigs.example', 'https://user:secret@sigs.example']) {
    const file = await world.write('etc/registries.d/1.yaml', `default-docker:\n  lookaside: ${url}\n`);
    await assert.rejects(world.enforce(), (error: { code?: string; message: string }) => {
      assert.equal(error.code, 'POLICY_UNENFORCED');
      assert.ok(error.message.includes(` cannot be enforced: ${file}: the lookaside `), error.message);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
});

test('B8: of an index the manifest for the platform has to be signed', { skip }, async (t) => {
  const world = await signedWorld(t, { index: true });
  await world.signedBy();
  await world.sign({});
  await assert.rejects(world.enforce(), { code: 'SIGNATURE_MISSING' });
  const { digest } = world.manifest;
  const directory = `team/app@${digest.replace(':', '=')}`;
  await world.write(`signatures/${directory}/signature-1`, world.signature({ digest }));
  await world.enforce();
});
