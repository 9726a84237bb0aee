/** A trust root from a TUF repository of one's own, and what is installed once everything is gone. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { tufRepository } from '@gantry/testkit';
import { cosignSign, type SignatureShape } from './cosign.ts';
import { gantry } from './gantry.ts';
import { inOwnNetwork } from './own-network.ts';
import { outcomeOf, peer, run, temporaryDirectory } from './processes.ts';
import { startOlareg } from './registries.ts';
import { type SigningWorld, signingWorld } from './signing-world.ts';

const BUNDLE: SignatureShape = { layout: 'bundle', log: 'rekor2', stamped: true };
const TAG: SignatureShape = { layout: 'tag', log: 'rekor1', stamped: false };

/** A gantry.yaml with one trust entry; `rest` are its further lines. */
async function configuration(directory: string, name: string, scope: string, rest: readonly string[]): Promise<string> {
  const file = join(directory, name);
  const entry = [`  - scope: ${scope}`, '    require: cosign', ...rest.map((line) => `    ${line}`)];
  await writeFile(file, ['schemaVersion: 1', 'trust:', ...entry, ''].join('\n'));
  return file;
}

function keyless({ keyless: { expected } }: SigningWorld, identity?: string): string {
  assert.ok('identity' in expected);
  return `keyless: { issuer: "${expected.issuer}", identity: "${identity ?? expected.identity}" }`;
}

if (inOwnNetwork()) {
  test('a private TUF repository: verify, install, renew, and run when nothing answers any more', async (t) => {
    const world = await signingWorld(t);
    const registry = await startOlareg(t);
    const g = world.gantry;
    const trustedRoot = await readFile(world.sigstore.trustedRoot);
    const tuf = await tufRepository(t, { targets: { 'trusted_root.json': trustedRoot } });
    const root = await tuf.rootFile(join(world.directory, 'tuf'));
    const scope = `${registry.address}/acme/`;
    const fromTuf = `trustRoot: { tuf: { mirror: "${tuf.url}", root: "${root}" } }`;
    const config = ['--config', await configuration(world.directory, 'gantry.yaml', scope, [keyless(world), fromTuf])];
    const references: string[] = [];
    for (const [index, shape] of [BUNDLE, TAG].entries()) {
      const reference = await world.push(`${registry.address}/acme/plugin${index}`, `plugin ${index}`);
      await cosignSign('cosign3', world.sigstore, shape, world.keyless.signer(), reference);
      references.push(reference);
    }
    const [first = '', second = ''] = references;

    await t.test('cosign takes its trust from the same repository', async () => {
      const env = { HOME: await temporaryDirectory(t), SIGSTORE_NO_CACHE: 'false' };
      await run(peer('cosign3'), ['initialize', '--mirror', tuf.url, '--root', root], { env });
      const { expected } = world.keyless;
      assert.ok('identity' in expected);
      const who = ['--certificate-identity', expected.identity, '--certificate-oidc-issuer', expected.issuer];
      const plain = ['--allow-http-registry', '--use-signed-timestamps'];
      const theirs = await outcomeOf(peer('cosign3'), ['verify', ...who, ...plain, first], { env });
      assert.equal(theirs.code, 0, theirs.stderr);
    });

    await t.test('verify takes it from there, and the configured policy', async () => {
      for (const reference of references) {
        const { accepted, signers } = await g.json(['verify', ...config, reference]);
        assert.equal(accepted, true);
        assert.ok(Array.isArray(signers) && signers.length === 1);
      }
      assert.ok(tuf.requests.includes('/timestamp.json'));
    });

    await t.test('install and run; another identity in the policy is refused', async () => {
      for (const [index, reference] of references.entries()) {
        await g.json(['install', ...config, '--name', `p${index}`, reference]);
        assert.equal(await g.ok(['run', ...config, `p${index}`]), `plugin ${index} `);
      }
      const bob = await configuration(world.directory, 'bob.yaml', scope, [keyless(world, 'bob@example.com'), fromTuf]);
      const refused = await g.run(['verify', '--config', bob, first]);
      assert.equal(refused.code, 4, refused.stderr);
      assert.match(refused.stderr, /POLICY_IDENTITY/);
      const installed = await g.run(['run', '--config', bob, 'p0']);
      assert.equal(installed.code, 4, installed.stderr);
      assert.match(installed.stderr, /POLICY_IDENTITY|POLICY_/);
      assert.equal(await g.ok(['run', ...config, 'p0']), 'plugin 0 ');
    });

    await t.test('a new root that trusts another Sigstore is followed, and the way back is refused', async (t) => {
      const other = await gantry(t);
      const before = tuf.state();
      await other.json(['verify', ...config, first]);
      const parsed = JSON.parse(trustedRoot.toString());
      tuf.rotateRoot({ targets: { 'trusted_root.json': JSON.stringify({ ...parsed, certificateAuthorities: [] }) } });
      await other.run(['trust', 'update', ...config]);
      const refused = await other.run(['verify', ...config, second]);
      assert.equal(refused.code, 4, refused.stderr);
      assert.match(refused.stderr, /SIGNATURE_/);
      tuf.restore(before);
      await other.run(['trust', 'update', ...config]);
      const rolledBack = await other.run(['verify', ...config, second]);
      assert.equal(rolledBack.code, 4, rolledBack.stderr);
    });

    await t.test(
      'registry, TUF repository and logs are gone: what is installed starts, and nothing new is accepted',
      async () => {
        await Promise.all([registry.stop(), tuf.close(), world.sigstore.stop()]);
        for (const flags of [[], ['--offline']]) {
          assert.equal(await g.ok(['run', ...flags, ...config, 'p0']), 'plugin 0 ');
          assert.equal(await g.ok(['run', ...flags, ...config, 'p1']), 'plugin 1 ');
        }
        const { plugins } = await g.json(['verify', '--installed', ...config]);
        assert.ok(Array.isArray(plugins) && plugins.length === 2);
        assert.ok(
          plugins.every(({ accepted }) => accepted === true),
          JSON.stringify(plugins),
        );
        const gone = await g.run(['verify', ...config, first]);
        assert.equal(gone.code, 3, gone.stderr);
        assert.match(gone.stderr, /REGISTRY_/);
        const offline = await g.run(['verify', '--offline', ...config, first]);
        assert.equal(offline.code, 3, offline.stderr);
        assert.match(offline.stderr, /REGISTRY_OFFLINE/);
      },
    );
  });

  test('a trust root of PEM files', async (t) => {
    const world = await signingWorld(t);
    const { address } = await startOlareg(t);
    const { fulcio, rekor1, rekor2, ct, tsa } = world.sigstore.keys;
    const pem = [
      ...['trustRoot:', '  pem:', `    fulcio: { file: "${fulcio.published}" }`, `    ct: { file: "${ct.published}" }`],
      ...[`    tsa: { file: "${tsa.published}" }`, '    rekor:'],
      ...[`      - { file: "${rekor2.published}", url: "http://127.0.0.1:3003" }`],
      ...[`      - { file: "${rekor1.published}", url: "http://127.0.0.1:3010" }`],
    ];
    const scope = `${address}/acme/`;
    const config = ['--config', await configuration(world.directory, 'pem.yaml', scope, [keyless(world), ...pem])];
    for (const [index, shape] of [BUNDLE, TAG].entries()) {
      const reference = await world.push(`${address}/acme/plugin${index}`);
      await cosignSign('cosign3', world.sigstore, shape, world.keyless.signer(), reference);
      const { accepted } = await world.gantry.json(['verify', ...config, reference]);
      assert.equal(accepted, true);
    }
  });
}
