import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '@gantry/oci';
import { startRegistry, tempDir } from '@gantry/testkit';
import { gantry, gantryJson } from '../run-main.fixture.ts';

const script = '#!/bin/sh\necho hello\n';
const layer = {
  digest: digestOf(Buffer.from(script)),
  size: script.length,
  mediaType: 'application/octet-stream',
  title: 'hello.sh',
};

/** A registry, and a directory with something to publish that is the working directory and the home of everything. */
async function place(t: Parameters<typeof tempDir>[0]) {
  const registry = await startRegistry(t);
  const cwd = await tempDir(t);
  await writeFile(join(cwd, 'hello.sh'), script);
  const options = { cwd, env: { HOME: cwd, GANTRY_HOME: join(cwd, 'home') } };
  return { registry, cwd, options, ref: `${registry.address}/acme/hello` };
}

test('push prints the reference with its digest, and the same for the same input', async (t) => {
  const { options, ref } = await place(t);
  const pushed = await gantryJson(['push', `oci://${ref}:1.0`, 'hello.sh'], options);
  const { digest } = pushed;
  assert.match(String(digest), /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(pushed, {
    schemaVersion: 1,
    reference: `${ref}:1.0@${digest}`,
    digest,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: 486,
    kind: 'executable',
    platforms: [],
    layers: [layer],
  });
  const again = await gantry(['push', `${ref}:1.0`, 'hello.sh', '--quiet'], options);
  assert.deepEqual(again, { code: 0, out: `${ref}:1.0@${digest}\n`, err: '' });
});

test('push with a platform makes an index, and inspect describes it', async (t) => {
  const { options, ref } = await place(t);
  const platforms = ['--platform', 'linux/arm64=hello.sh', '--platform', 'linux/amd64=hello.sh'];
  const pushed = await gantryJson(['push', ref, ...platforms, '--annotation', 'a=b=c'], options);
  assert.equal(pushed['reference'], `${ref}:latest@${pushed['digest']}`);
  assert.deepEqual(pushed['platforms'], ['linux/arm64', 'linux/amd64']);
  assert.deepEqual(pushed['layers'], [layer, layer]);

  const inspected = await gantryJson(['inspect', ref, '--platform', 'linux/arm64'], options);
  assert.deepEqual(inspected, {
    schemaVersion: 1,
    reference: `${ref}@${pushed['digest']}`,
    digest: pushed['digest'],
    mediaType: 'application/vnd.oci.image.index.v1+json',
    artifactType: 'application/vnd.gantry.executable.v1',
    kind: 'executable',
    platform: 'linux/arm64',
    manifest: inspected['manifest'],
    platforms: ['linux/amd64', 'linux/arm64'],
    size: pushed['size'],
    layers: [layer],
    annotations: { a: 'b=c' },
    warnings: [],
  });
  assert.notEqual(inspected['manifest'], pushed['digest']);
  const chosen = await gantryJson(['inspect', `${ref}@${inspected['manifest']}`], options);
  assert.equal(chosen['manifest'], inspected['manifest']);
  assert.deepEqual(chosen['layers'], [layer]);
  const absent = await gantry(['inspect', ref, '--platform', 'windows/amd64'], options);
  assert.equal(absent.code, 4);
  assert.match(absent.err, /CONTENT_NO_PLATFORM/);
  assert.match((await gantry(['inspect', ref], options)).out, /^platforms +linux\/amd64, linux\/arm64$/m);
});

test('inspect --raw prints the bytes of the manifest and nothing else', async (t) => {
  const { options, ref } = await place(t);
  const { digest } = await gantryJson(['push', `${ref}:1`, 'hello.sh'], options);
  const { out } = await gantry(['inspect', `${ref}:1`, '--raw'], options);
  assert.equal(digestOf(Buffer.from(out)), digest);
});

test('what push cannot do is said before anything is sent', async (t) => {
  const { options, ref, registry } = await place(t);
  const cases = [
    [[`${ref}@${layer.digest}`, 'hello.sh'], 'names a tag'],
    [[`${ref}:1`], 'wants the paths'],
    [[`${ref}:1`, 'hello.sh', '--platform', 'linux/amd64=hello.sh'], 'wants the paths'],
    [[`${ref}:1`, '--platform', 'linux/amd64'], 'there is no path'],
    [[`${ref}:1`, 'absent.sh'], 'there is no such file'],
    [[`${ref}:UPPER:x`, 'hello.sh'], ''],
  ] as const;
  for (const [args, message] of cases) {
    const { code, out, err } = await gantry(['push', ...args], options);
    assert.equal(code, 2, err);
    assert.equal(out, '');
    assert.ok(err.includes(message), err);
  }
  assert.equal(registry.log.count(), 0);
});

test('push says what kind it published, and that files do not run', async (t) => {
  const { options, ref, cwd } = await place(t);
  assert.match((await gantry(['push', `${ref}:1`, 'hello.sh'], options)).err, /^published as kind executable$/m);
  await writeFile(join(cwd, 'plain.sh'), 'echo hello\n');
  const plain = await gantry(['push', `${ref}:2`, 'plain.sh'], options);
  assert.match(plain.err, /^published as kind files, which does not run: a script begins with #!/m);
  assert.match(plain.out, /^\S+\n$/);
});

test('a path is refused where a reference is wanted, with the way to name a layout', async (t) => {
  const { options, ref, registry } = await place(t);
  for (const args of [
    ['inspect', './hello.sh'],
    ['copy', `${ref}:1`, './foo'],
    ['copy', '/foo', `${ref}:1`],
    ['push', '../foo', 'hello.sh'],
  ]) {
    const { code, err } = await gantry(args, options);
    assert.equal(code, 2, err);
    assert.match(err, /is a path, .* \(REFERENCE_UNSUPPORTED\)\nhint: oci-layout:DIR:TAG names/, args.join(' '));
  }
  assert.equal(registry.log.count(), 0);
});

test('a registry that is read-only is said to be that', async (t) => {
  const { address } = await startRegistry(t, { readOnly: true });
  const { options } = await place(t);
  const { code, err } = await gantry(['push', `${address}/acme/hello:1`, 'hello.sh'], options);
  assert.equal(code, 3);
  assert.match(err, /REGISTRY_UNSUPPORTED\)\nhint: .*read-only/);
});

test('tags of a tag or digest is refused, not answered for the repository', async (t) => {
  const { options, ref, registry } = await place(t);
  for (const text of [`${ref}:1`, `${ref}@${layer.digest}`, 'oci-layout:air:1']) {
    const { code, err } = await gantry(['tags', text], options);
    assert.equal(code, 2);
    assert.match(err, /REFERENCE_UNSUPPORTED\)\nhint: gantry tags \S+(?:acme\/hello|air)$/m, text);
  }
  assert.equal(registry.log.count(), 0);
});

test('tag, tags, delete and referrers', async (t) => {
  const { options, ref } = await place(t);
  const { digest } = await gantryJson(['push', `${ref}:b`, 'hello.sh'], options);
  assert.deepEqual(await gantryJson(['tag', `${ref}:b`, 'a'], options), {
    schemaVersion: 1,
    reference: `${ref}:a@${digest}`,
    digest,
  });
  assert.deepEqual(await gantryJson(['tags', ref], options), { schemaVersion: 1, repository: ref, tags: ['a', 'b'] });
  assert.equal((await gantry(['tags', ref], options)).out, 'a\nb\n');
  assert.deepEqual(await gantryJson(['referrers', `${ref}:a`], options), {
    schemaVersion: 1,
    subject: digest,
    via: 'api',
    complete: true,
    referrers: [],
  });
  assert.deepEqual(await gantryJson(['delete', `${ref}:a`], options), {
    schemaVersion: 1,
    reference: `${ref}:a`,
    digest,
  });
  assert.equal((await gantry(['tags', ref], options)).out, 'b\n');
  await gantry(['delete', `${ref}@${digest}`], options);
  assert.equal((await gantry(['inspect', `${ref}:b`], options)).code, 3);
  const whole = await gantry(['delete', ref], options);
  assert.equal(whole.code, 2);
  assert.match(whole.err, /names a whole repository/);
});

test('copy moves an artifact with its tag between registries and layouts and prints what push printed', async (t) => {
  const { options, ref } = await place(t);
  const pushed = await gantryJson(['push', `${ref}:1.0`, 'hello.sh'], options);
  const toLayout = await gantryJson(['copy', `${ref}:1.0`, 'oci-layout:air'], options);
  assert.deepEqual(toLayout, {
    ...pushed,
    reference: `oci-layout:${join(options.cwd, 'air')}:1.0@${pushed['digest']}`,
  });
  const other = (await place(t)).ref.replace('hello', 'copied');
  const back = await gantryJson(['copy', 'oci-layout:air:1.0', `${other}:2.0`, '--referrers'], options);
  assert.deepEqual(back, { ...pushed, reference: `${other}:2.0@${pushed['digest']}` });
  assert.equal((await gantry(['tags', 'oci-layout:air'], options)).out, '1.0\n');
});

test('--offline opens no connection, and works for a layout', async (t) => {
  const { options, ref, registry } = await place(t);
  await gantry(['push', 'oci-layout:here:1', 'hello.sh', '--offline'], options);
  assert.equal((await gantry(['tags', 'oci-layout:here', '--offline'], options)).out, '1\n');
  const { code, err } = await gantry(['tags', ref, '--offline'], options);
  assert.equal(code, 3);
  assert.match(err, /REGISTRY_OFFLINE/);
  assert.equal(registry.log.count(), 0);
});

test('--verbose shows requests, and --json --verbose shows them as documents', async (t) => {
  const { options, ref } = await place(t);
  await gantry(['push', `${ref}:1`, 'hello.sh'], options);
  const lines = await gantry(['tags', ref, '--verbose'], options);
  assert.match(lines.err, /^GET http:\/\/127\.0\.0\.1:\d+\/v2\/acme\/hello\/tags\/list 200, /m);
  const documents = await gantry(['tags', ref, '--verbose', '--json'], options);
  const { request } = JSON.parse(documents.err);
  assert.equal(request.method, 'GET');
  assert.equal(request.status, 200);
});
