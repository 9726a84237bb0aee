/** What policy.json, registries.d and registries.conf say, held against skopeo: the same files, the same answers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sigstoreLab } from '@gantry/testkit';
import { skopeoCopy, skopeoRaw } from './clients.ts';
import { type DeveloperHub, developerHub, type HubPlugin } from './developer-hub.ts';
import { imageDirectory, writeDynamicPlugin } from './dynamic-plugin.ts';
import { gantry } from './gantry.ts';
import { freePort, outcomeOf, peer, run, temporaryDirectory } from './processes.ts';
import { startDockerRegistry } from './registries.ts';

/** Publishes a plugin as an image. */
async function publish(t: TestContext, reference: string, name: string): Promise<void> {
  const directory = join(await temporaryDirectory(t), imageDirectory({ name }));
  await writeDynamicPlugin(directory, { name });
  const g = await gantry(t);
  await g.ok(['backstage', 'package', directory, '--tag', reference, '--plain-http']);
}

/** Files of the containers tools: below a home directory, and where they are told to skopeo. */
interface Files {
  readonly policy: object;
  /** YAML. */
  readonly registriesD: string;
}

/** Lays out a pod whose user has these files, and one plugin to install. */
async function pod(t: TestContext, image: string, { policy, registriesD }: Files): Promise<DeveloperHub> {
  const hub = await developerHub(t);
  await hub.write(JSON.stringify(policy), '.config/containers/policy.json');
  await hub.write(registriesD, '.config/containers/registries.d/lookaside.yaml');
  await hub.write(`plugins:\n  - package: oci://${image}\n`);
  return hub;
}

/** What became of the only plugin. */
async function installed(hub: DeveloperHub, accepted: boolean): Promise<HubPlugin> {
  const { plugins } = await hub.report(accepted ? 0 : 1);
  const [plugin] = plugins;
  assert.ok(plugin && plugins.length === 1);
  return plugin;
}

/** Whether `skopeo copy` accepts the image under the same files. */
async function skopeoAccepts(t: TestContext, image: string, hub: DeveloperHub): Promise<boolean> {
  const containers = join(hub.directory, '.config', 'containers');
  const files = ['--policy', join(containers, 'policy.json'), '--registries.d', join(containers, 'registries.d')];
  const target = `dir:${join(await temporaryDirectory(t), 'copy')}`;
  const copy = ['copy', '-q', '--src-tls-verify=false', '--remove-signatures', `docker://${image}`, target];
  const { code } = await outcomeOf('skopeo', [...files, ...copy]);
  return code === 0;
}

/** Somebody with a GPG key. */
interface GpgSigner {
  readonly home: string;
  readonly fingerprint: string;
  /** Files with the public key. */
  readonly key: string;
  readonly armored: string;
}

async function gpgSigner(t: TestContext, name: string): Promise<GpgSigner> {
  const home = await temporaryDirectory(t);
  const env = { GNUPGHOME: home };
  t.after(() => run('gpgconf', ['--kill', 'all'], { env }));
  const make = ['--batch', '--quiet', '--passphrase', '', '--quick-generate-key', `${name} <${name}@example.com>`];
  await run('gpg', [...make, 'rsa2048', 'sign', 'never'], { env });
  const listed = await run('gpg', ['--with-colons', '--list-keys'], { env });
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? '';
  const [key, armored] = [join(home, 'public.gpg'), join(home, 'public.asc')];
  await run('gpg', ['--export', '--output', key], { env });
  await run('gpg', ['--export', '--armor', '--output', armored], { env });
  return { home, fingerprint, key, armored };
}

test('signedBy: whatever skopeo accepts and refuses, so do we', async (t) => {
  const { address } = await startDockerRegistry(t);
  const [vendor, stranger] = await Promise.all([gpgSigner(t, 'vendor'), gpgSigner(t, 'stranger')]);
  const lookaside = await temporaryDirectory(t);
  const registriesD = `docker:\n  ${address}/acme:\n    lookaside: file://${lookaside}\n`;
  const staging = await temporaryDirectory(t);
  await writeFile(join(staging, 'sign.yaml'), registriesD);
  const image = `${address}/acme/plugin:1`;
  const unsigned = `${address}/acme/unsigned:1`;
  const renamed = `${address}/acme/renamed:1`;
  await publish(t, unsigned, 'plugin');
  await run(
    'skopeo',
    [
      ...['--registries.d', staging, 'copy', '-q', '--src-tls-verify=false', '--dest-tls-verify=false'],
      ...['--sign-by', vendor.fingerprint, `docker://${unsigned}`, `docker://${image}`],
    ],
    { env: { GNUPGHOME: vendor.home } },
  );
  await publish(t, renamed, 'renamed');
  await signAs(vendor, renamed, 'vendor.example/plugins/renamed:1', lookaside, 'acme/renamed');
  const digest = `sha256:${createHash('sha256')
    .update(await skopeoRaw(image))
    .digest('hex')}`;

  const signedBy = (more: object = {}): object => ({
    type: 'signedBy',
    keyType: 'GPGKeys',
    keyPath: vendor.key,
    ...more,
  });
  const identity = (signedIdentity: object): object => signedBy({ signedIdentity });
  const keys = (more: object): object => ({ type: 'signedBy', keyType: 'GPGKeys', ...more });
  const remap = { type: 'remapIdentity', prefix: `${address}/acme`, signedPrefix: 'vendor.example/plugins' };
  const data = (await readFile(vendor.armored)).toString('base64');
  const cases: readonly (readonly [name: string, image: string, requirements: readonly object[], accepted: boolean])[] =
    [
      ['the key', image, [signedBy()], true],
      ['the key, by digest', `${address}/acme/plugin@${digest}`, [signedBy()], true],
      ['an armored key', image, [keys({ keyPath: vendor.armored })], true],
      ['a key in the policy', image, [keys({ keyData: data })], true],
      ['two signers wanted, one there', image, [keys({ keyPath: stranger.key }), signedBy()], false],
      ['another key', image, [keys({ keyPath: stranger.key })], false],
      ['no signature', unsigned, [signedBy()], false],
      ['the exact name', image, [identity({ type: 'matchExact' })], true],
      ['the exact name, by digest', `${address}/acme/plugin@${digest}`, [identity({ type: 'matchExact' })], false],
      [
        'another name',
        image,
        [identity({ type: 'exactReference', dockerReference: `${address}/acme/plugin:2` })],
        false,
      ],
      [
        'its repository',
        image,
        [identity({ type: 'exactRepository', dockerRepository: `${address}/acme/plugin` })],
        true,
      ],
      ['a prefix that is signed under another', renamed, [identity(remap)], true],
      ['that without the other prefix', renamed, [signedBy()], false],
      ['the other prefix where it is not signed', image, [identity(remap)], false],
      ['reject', image, [{ type: 'reject' }], false],
      ['accept and reject', image, [signedBy(), { type: 'reject' }], false],
      ['accept anything', unsigned, [{ type: 'insecureAcceptAnything' }], true],
    ];
  for (const [name, reference, requirements, accepted] of cases) {
    await t.test(name, async (t) => {
      const transports = { docker: { [`${address}/acme`]: requirements } };
      const hub = await pod(t, reference, { policy: { default: [{ type: 'reject' }], transports }, registriesD });
      assert.equal(await skopeoAccepts(t, reference, hub), accepted, 'skopeo');
      const plugin = await installed(hub, accepted);
      assert.equal(plugin.state, accepted ? 'installed' : 'failed', plugin.error?.message);
      if (!accepted) assert.match(plugin.error?.code ?? '', /^(SIGNATURE|POLICY)_/);
    });
  }

  await t.test('a lookaside on a web server', async (t) => {
    const url = await serveDirectory(t, lookaside);
    const policy = { default: [signedBy()] };
    const files = { policy, registriesD: `default-docker:\n  lookaside: ${url}\n` };
    assert.equal((await installed(await pod(t, image, files), true)).state, 'installed');
    assert.equal((await installed(await pod(t, unsigned, files), false)).error?.code, 'SIGNATURE_MISSING');
  });

  await t.test('a signature by a subkey is one by the key', async (t) => {
    const owner = await gpgSigner(t, 'owner');
    const env = { GNUPGHOME: owner.home };
    const add = [
      '--batch',
      '--quiet',
      '--passphrase',
      '',
      '--quick-add-key',
      owner.fingerprint,
      'rsa2048',
      'sign',
      'never',
    ];
    await run('gpg', add, { env });
    const listed = await run('gpg', ['--with-colons', '--list-keys'], { env });
    const fingerprint = [...listed.matchAll(/^fpr:+([0-9A-F]{40}):/gm)].at(-1)?.[1] ?? '';
    assert.notEqual(fingerprint, owner.fingerprint);
    const key = join(owner.home, 'with-subkey.gpg');
    await run('gpg', ['--export', '--output', key], { env });
    const reference = `${address}/acme/subkey:1`;
    await publish(t, reference, 'subkey');
    await signAs({ ...owner, fingerprint }, reference, reference, lookaside, 'acme/subkey');
    const hub = await pod(t, reference, { policy: { default: [keys({ keyPath: key })] }, registriesD });
    assert.equal((await installed(hub, true)).state, 'installed');
    const without = await pod(t, reference, { policy: { default: [keys({ keyPath: owner.key })] }, registriesD });
    assert.equal((await installed(without, false)).error?.code, 'SIGNATURE_INVALID');
  });

  await t.test('without skopeo it is refused, and said why', async (t) => {
    const hub = await pod(t, image, { policy: { default: [signedBy()] }, registriesD });
    const bin = join(hub.directory, 'bin');
    await mkdir(bin);
    await symlink((await run('sh', ['-c', 'command -v gpg'])).trim(), join(bin, 'gpg'));
    hub.env['PATH'] = bin;
    const { error } = await installed(hub, false);
    assert.equal(error?.code, 'POLICY_UNENFORCED');
    assert.match(error?.message ?? '', /policy\.json \(default\) cannot be enforced: signedBy needs skopeo on PATH/);
  });
});

/** Signs what a registry has under another name than it has there. */
async function signAs(
  { home, fingerprint }: GpgSigner,
  image: string,
  name: string,
  lookaside: string,
  repository: string,
): Promise<void> {
  const raw = await skopeoRaw(image);
  const hex = createHash('sha256').update(raw).digest('hex');
  const directory = join(lookaside, `${repository}@sha256=${hex}`);
  await mkdir(directory, { recursive: true });
  const manifest = join(home, 'manifest.json');
  await writeFile(manifest, raw);
  const args = ['standalone-sign', manifest, name, fingerprint, '-o', join(directory, 'signature-1')];
  await run('skopeo', args, { env: { GNUPGHOME: home } });
}

async function serveDirectory(t: TestContext, directory: string): Promise<string> {
  const port = await freePort();
  const server = createServer((request, response) => {
    readFile(join(directory, decodeURIComponent(request.url ?? ''))).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${port}`;
}

test('sigstoreSigned: a signature by real cosign is judged natively', async (t) => {
  const { address } = await startDockerRegistry(t);
  const image = `${address}/acme/plugin:1`;
  await publish(t, image, 'plugin');
  const directory = await temporaryDirectory(t);
  const env = { COSIGN_PASSWORD: '', HOME: directory };
  for (const prefix of ['release', 'other']) {
    await run(peer('cosign3'), ['generate-key-pair', '--output-key-prefix', prefix], { env, cwd: directory });
  }
  const trustedRoot = await sigstoreLab().trustedRootFile(directory);
  const digest = `sha256:${createHash('sha256')
    .update(await skopeoRaw(image))
    .digest('hex')}`;
  const rule = (key: string, signedIdentity: object = { type: 'matchRepository' }): Files => ({
    policy: { default: [{ type: 'sigstoreSigned', keyPath: join(directory, `${key}.pub`), signedIdentity }] },
    registriesD: '',
  });
  const before = await installed(await pod(t, image, rule('release')), false);
  assert.equal(before.error?.code, 'SIGNATURE_MISSING');
  const local = ['--tlog-upload=false', '--new-bundle-format=false', '--use-signing-config=false', '-y'];
  const insecure = ['--allow-http-registry', '--allow-insecure-registry', '--trusted-root', trustedRoot];
  const key = ['--key', join(directory, 'release.key')];
  await run(peer('cosign3'), ['sign', ...key, ...local, ...insecure, `${address}/acme/plugin@${digest}`], { env });
  assert.equal((await installed(await pod(t, image, rule('release')), true)).digest, digest);
  const stranger = await installed(await pod(t, image, rule('other')), false);
  assert.equal(stranger.error?.code, 'SIGNATURE_INVALID');
  const elsewhere = { type: 'exactRepository', dockerRepository: 'vendor.example/plugins/plugin' };
  const renamed = await installed(await pod(t, image, rule('release', elsewhere)), false);
  assert.equal(renamed.error?.code, 'POLICY_IDENTITY');
});

test('registries.conf: the image comes from where skopeo takes it', async (t) => {
  const [source, mirror] = await Promise.all([startDockerRegistry(t), startDockerRegistry(t)]);
  await publish(t, `${source.address}/acme/plugin:1`, 'source');
  await publish(t, `${mirror.address}/cache/plugin:1`, 'mirror');
  await skopeoCopy(`docker://${source.address}/acme/plugin:1`, `docker://${mirror.address}/same/plugin:1`);
  const digest = `sha256:${createHash('sha256')
    .update(await skopeoRaw(`${source.address}/acme/plugin:1`))
    .digest('hex')}`;
  const closed = await freePort();
  const table = (prefix: string, more = ''): string =>
    `[[registry]]\nprefix = "${prefix}"\nlocation = "${source.address}/acme"\ninsecure = true\n${more}`;
  const cache = (location: string, more = ''): string =>
    `[[registry.mirror]]\nlocation = "${location}"\ninsecure = true\n${more}`;
  const good = cache(`${mirror.address}/cache`);
  const cases: readonly (readonly [
    name: string,
    conf: string,
    image: string,
    from: 'source' | 'mirror' | undefined,
  ])[] = [
    ['another place', table('upstream.example/team'), 'upstream.example/team/plugin:1', 'source'],
    ['every subdomain', table('*.upstream.example'), 'a.b.upstream.example/plugin:1', 'source'],
    ['a mirror first', table('upstream.example', good), 'upstream.example/plugin:1', 'mirror'],
    [
      'a mirror without it',
      table('upstream.example', cache(`${mirror.address}/empty`)),
      'upstream.example/plugin:1',
      'source',
    ],
    [
      'a mirror that is down',
      table('upstream.example', cache(`127.0.0.1:${closed}`)),
      'upstream.example/plugin:1',
      'source',
    ],
    [
      'a mirror for digests alone',
      table('upstream.example', cache(`${mirror.address}/cache`, 'pull-from-mirror = "digest-only"\n')),
      'upstream.example/plugin:1',
      'source',
    ],
    [
      'mirrors by digest',
      table('upstream.example', `mirror-by-digest-only = true\n${cache(`${mirror.address}/same`)}`),
      `upstream.example/plugin@${digest}`,
      'source',
    ],
    [
      'the longest prefix',
      `${table('upstream.example')}[[registry]]\nprefix = "upstream.example/team"\nlocation = "${mirror.address}/cache"\ninsecure = true\n`,
      'upstream.example/team/plugin:1',
      'mirror',
    ],
    [
      'blocked',
      `[[registry]]\nlocation = "${source.address}"\ninsecure = true\nblocked = true\n`,
      `${source.address}/acme/plugin:1`,
      undefined,
    ],
    [
      'blocked, with a mirror',
      `[[registry]]\nlocation = "${source.address}"\ninsecure = true\nblocked = true\n${cache(mirror.address)}`,
      `${source.address}/cache/plugin:1`,
      'mirror',
    ],
    ['a name that no table is about', table('upstream.example'), 'other.invalid/plugin:1', undefined],
  ];
  for (const [name, conf, image, from] of cases) {
    await t.test(name, async (t) => {
      const hub = await developerHub(t);
      await hub.write(conf, '.config/containers/registries.conf');
      await hub.write(`plugins:\n  - package: oci://${image}\n`);
      const theirs = await outcomeOf('skopeo', ['inspect', '--raw', `docker://${image}`], {
        env: { HOME: hub.directory },
      });
      assert.equal(theirs.code === 0, from !== undefined, `skopeo: ${theirs.stderr}`);
      const plugin = await installed(hub, from !== undefined);
      if (from === undefined) {
        assert.match(plugin.error?.code ?? '', /^REGISTRY_/);
        return;
      }
      assert.equal(plugin.digest, `sha256:${createHash('sha256').update(theirs.stdout).digest('hex')}`);
      assert.equal(basename(plugin.path ?? ''), imageDirectory({ name: from }));
    });
  }
});
