import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type CredentialSource, openLayout } from '@gantry/oci';
import { certificateAuthority, forgeTar, type SinkAnswer, startSink, tempDir } from '@gantry/testkit';
import { SCRIPT, treeOf, WASM } from '../install/plugin.fixture.ts';
import { publishPlugin } from '../publish/publish-plugin.ts';
import { testWorld } from './world.fixture.ts';

const sri = (bytes: Uint8Array): string => `sha512-${createHash('sha512').update(bytes).digest('base64')}`;

/** A credential for everybody who asks, and a note of who did. */
const CANARY: CredentialSource = {
  credentialFor: async () => ({ kind: 'basic', username: 'user', password: 'canary' }),
};

test('a layout of the user is its own: no flag is needed, and its tag is read once', async (t) => {
  const { files, write, open } = await testWorld(t);
  const layout = join(files, 'layout');
  const repository = await openLayout(layout, { create: true });
  await publishPlugin(repository, { content: [write('tool', SCRIPT)], tag: '1.0' });
  const { facts } = await open().install({ source: 'oci-layout:layout:1.0', base: files });
  assert.deepEqual(
    [facts.name, facts.kind, facts.verdict.policy, facts.verdict.signer],
    ['layout', 'executable', 'local', 'unsigned'],
  );
  assert.match(facts.reference, new RegExp(`^oci-layout:${layout}:1\\.0@sha256:`));
});

test('local files and directories are installed as they would be published', async (t) => {
  const { files, write, open } = await testWorld(t);
  write('tool', SCRIPT);
  write('module.wasm', WASM);
  write('notes.txt', 'hello');
  write('package/package.json', '{"name":"x"}');
  write('package/index.js', '');
  write('bundle/bin/run', SCRIPT);
  write('bundle/data.txt', 'x');
  const gantry = open();
  const install = async (source: string) => (await gantry.install({ source, base: files })).facts;
  const tool = await install('./tool');
  assert.deepEqual([tool.name, tool.kind, tool.verdict.policy], ['tool', 'executable', 'local']);
  assert.deepEqual(readFileSync(tool.entry ?? ''), Buffer.from(SCRIPT));
  assert.deepEqual([(await install('./module.wasm')).name, (await install('./module.wasm')).kind], ['module', 'wasm']);
  assert.equal((await install('./package')).kind, 'node');
  const bundle = await install('file:bundle');
  assert.deepEqual([bundle.kind, bundle.entry?.slice(bundle.path.length)], ['executable', '/bin/run']);
  await assert.rejects(install('./notes.txt'), { code: 'CONTENT_KIND_UNKNOWN' });
  const notes = await gantry.install({ source: './notes.txt', base: files, kind: 'files' });
  assert.deepEqual(treeOf(notes.facts.path), ['notes.txt']);
  await assert.rejects(install('./nowhere'), { code: 'CONFIG_PATH_UNREADABLE' });
});

test('a local file that changes after it was resolved is refused', async (t) => {
  const { files, write, open } = await testWorld(t);
  write('tool', SCRIPT);
  const gantry = open();
  const plugin = await gantry.resolve({ source: './tool', base: files });
  write('tool', '#!/bin/sh\necho evil!\n');
  const verified = await gantry.verify(plugin);
  await assert.rejects(gantry.root.install(verified), { code: 'CONTENT_DIGEST_MISMATCH' });
  assert.deepEqual(await gantry.root.list(), []);
});

test('an integrity pins a local file, and is refused where a digest belongs', async (t) => {
  const { files, write, open, publish } = await testWorld(t);
  write('tool', SCRIPT);
  write('directory/x', 'x');
  const gantry = open({
    policy: { fallback: 'digest', lists: [[{ scope: 'file:/', require: 'digest', source: 'x' }]] },
  });
  const spec = { source: './tool', base: files };
  await assert.rejects(gantry.install(spec), { code: 'POLICY_UNPINNED' });
  assert.equal((await gantry.install({ ...spec, integrity: sri(SCRIPT) })).facts.verdict.policy, 'digest');
  await assert.rejects(gantry.install({ ...spec, integrity: sri(WASM) }), { code: 'CONTENT_INTEGRITY' });
  await assert.rejects(gantry.install({ source: './directory', base: files, integrity: sri(WASM) }), {
    code: 'CONFIG_INVALID',
  });
  await assert.rejects(gantry.install({ source: await publish('tool', SCRIPT), integrity: sri(SCRIPT) }), {
    code: 'CONFIG_INVALID',
  });
});

/** A web server with a certificate of an authority that Gantry is told to trust. */
async function webServer(t: TestContext, answer: (target: string) => SinkAnswer) {
  const world = await testWorld(t);
  const authority = certificateAuthority();
  const { key, cert } = authority.issue();
  const server = await startSink(t, { tls: { key, cert }, answer: (_, target) => answer(target) });
  const caFile = world.write('ca.pem', authority.cert);
  const registries = { [server.address]: { caFile } };
  return { ...world, server, gantry: world.open({ registries, credentials: CANARY }), registries };
}

test('a tarball is pinned by its integrity, and no credential ever goes to its host', async (t) => {
  const tarball = gzipSync(
    forgeTar([
      { name: 'package/package.json', content: '{"name":"x"}' },
      { name: 'package/index.js', content: '' },
    ]),
  );
  const { server, gantry } = await webServer(t, () => ({ status: 200, body: tarball }));
  const source = `${server.url}/plugins/x-1.0.tgz?sig=canary`;
  const { facts } = await gantry.install({ source, integrity: sri(tarball) });
  assert.deepEqual([facts.name, facts.kind, facts.verdict.policy], ['x-1.0', 'node', 'digest']);
  assert.deepEqual(treeOf(facts.path), ['package', 'package/index.js', 'package/package.json']);
  assert.match(facts.reference, /\/plugins\/x-1\.0\.tgz#sha256:[0-9a-f]{64}$/);
  assert.doesNotMatch(
    inspect(await gantry.root.why('x-1.0'), { depth: 9 }),
    /canary/,
    'nor does the query get into the receipt',
  );
  server.assertNoSecret('user:canary');
  assert.match(server.heads[0] ?? '', /^GET \/plugins\/x-1\.0\.tgz\?sig=canary /);
  await assert.rejects(gantry.install({ source }), { code: 'POLICY_UNPINNED' });
  assert.equal((await gantry.install({ source, allowUnsigned: true })).facts.verdict.policySource, '--allow-unsigned');
});

test('A8: a tarball host that asks for credentials gets none', async (t) => {
  const { server, gantry } = await webServer(t, () => ({
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="x"' },
  }));
  await assert.rejects(gantry.install(`${server.url}/x.tgz`), { code: 'REGISTRY_UNAUTHORIZED' });
  server.assertNoSecret('user:canary', 'canary');
});

test('D12: what a URL yields is refused when it is a page, changed, encoded or too large', async (t) => {
  const temporary = await tempDir(t);
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = temporary;
  t.after(() => {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  });
  const { server, gantry } = await webServer(t, (target) => {
    if (target === '/page.tgz') return { status: 200, body: '<!doctype html><title>Sign in</title>' };
    if (target === '/encoded.tgz')
      return { status: 200, body: gzipSync(WASM), headers: { 'content-encoding': 'gzip' } };
    return target === '/x.wasm' ? { status: 200, body: WASM } : { status: 404 };
  });
  const install = (path: string, more: object = {}, limits: Record<string, number> = {}) =>
    gantry.install({ source: `${server.url}${path}`, integrity: sri(WASM), ...more }, { limits });
  await assert.rejects(install('/page.tgz'), { code: 'CONTENT_INTEGRITY' });
  await assert.rejects(install('/page.tgz', { integrity: undefined }), { code: 'CONTENT_TYPE_MISMATCH' });
  await assert.rejects(install('/encoded.tgz'), { code: 'CONTENT_ENCODED' });
  await assert.rejects(install('/missing.tgz'), { code: 'REGISTRY_NOT_FOUND' });
  await assert.rejects(install('/x.wasm', { integrity: sri(SCRIPT) }), { code: 'CONTENT_INTEGRITY' });
  await assert.rejects(install('/x.wasm', {}, { tarballBytes: WASM.length - 1 }), { code: 'CONTENT_LIMIT' });
  for (const tarballBytes of [WASM.length, WASM.length + 1]) {
    const { facts } = await install('/x.wasm', {}, { tarballBytes });
    assert.deepEqual([facts.kind, facts.entry?.slice(facts.path.length)], ['wasm', '/x.wasm']);
  }
  await gantry[Symbol.asyncDispose]();
  assert.deepEqual(
    readdirSync(temporary).filter((name) => name.startsWith('gantry-download-')),
    [],
  );
});

test('--offline opens no socket for a tarball either', async (t) => {
  const { server, open, registries } = await webServer(t, () => ({ status: 200 }));
  await assert.rejects(open({ registries, offline: true }).install(`${server.url}/x.tgz`), {
    code: 'REGISTRY_OFFLINE',
  });
  assert.equal(server.connections(), 0);
});
