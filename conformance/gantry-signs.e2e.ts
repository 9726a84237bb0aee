/** What `gantry sign` makes, real cosign 2 and 3 accept, and so do we. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { skopeoRaw } from './clients.ts';
import { type Cosign, cosignVerify, type SignatureShape } from './cosign.ts';
import { startHtpasswdRegistry } from './htpasswd.ts';
import { inOwnNetwork } from './own-network.ts';
import { startDockerRegistry, startOlareg } from './registries.ts';
import { type SigningWorld, signingWorld } from './signing-world.ts';

const COSIGNS: readonly Cosign[] = ['cosign3', 'cosign2'];

/** How `gantry sign` is asked for a shape of signature. */
interface Way {
  readonly shape: SignatureShape;
  readonly who: 'keyed' | 'keyless';
  readonly flags: (world: SigningWorld) => readonly string[];
}

const WAYS: readonly Way[] = [
  { who: 'keyed', shape: { layout: 'bundle', log: 'none', stamped: false }, flags: () => [] },
  { who: 'keyed', shape: { layout: 'tag', log: 'none', stamped: false }, flags: () => ['--format', 'cosign-v2'] },
  ...(['rekor2', 'rekor1'] as const).map((log) => ({
    who: 'keyed' as const,
    shape: { layout: 'bundle' as const, log, stamped: true },
    flags: ({ sigstore }: SigningWorld) => services(sigstore, log),
  })),
  ...(['rekor2', 'rekor1'] as const).map((log) => ({
    who: 'keyless' as const,
    shape: { layout: 'bundle' as const, log, stamped: true },
    flags: ({ sigstore }: SigningWorld) => services(sigstore, log),
  })),
  {
    who: 'keyless',
    shape: { layout: 'tag', log: 'rekor1', stamped: false },
    flags: ({ sigstore }) => [...services(sigstore, 'rekor1'), '--format', 'cosign-v2'],
  },
  {
    // A `.sig` knows no entries of Rekor v2: the timestamp alone tells when the certificate was used.
    who: 'keyless',
    shape: { layout: 'tag', log: 'none', stamped: true },
    flags: ({ sigstore }) => [...services(sigstore, 'rekor2'), '--format', 'cosign-v2'],
  },
];

function services(
  { signingConfig, signingConfigRekor1, trustedRoot }: SigningWorld['sigstore'],
  log: 'rekor1' | 'rekor2',
): string[] {
  const config = log === 'rekor1' ? signingConfigRekor1 : signingConfig;
  return ['--signing-config', config, '--trusted-root', trustedRoot];
}

async function sign(
  world: SigningWorld,
  { who, flags }: Way,
  reference: string,
  more: readonly string[] = [],
): Promise<void> {
  const signer = world[who].signer();
  if ('token' in signer) await writeFile(join(world.directory, 'token'), signer.token);
  const as = 'key' in signer ? ['--key', signer.key] : ['--identity-token', `@${join(world.directory, 'token')}`];
  await world.gantry.json(['sign', reference, ...as, ...flags(world), ...more]);
}

async function acceptedByAll(world: SigningWorld, { who, shape }: Way, reference: string, env = {}): Promise<void> {
  const { expected } = world[who];
  for (const cosign of COSIGNS) {
    const theirs = await cosignVerify(cosign, world.sigstore, shape, expected, reference, { env });
    assert.equal(theirs.code, 0, `${cosign}: ${theirs.stderr}`);
  }
  const ours = await world.verify(shape, expected, reference);
  assert.equal(ours.code, 0, ours.stderr);
}

function named({ who, shape }: Way): string {
  return [who, shape.layout, `log ${shape.log}`, ...(shape.stamped ? ['timestamp'] : [])].join(', ');
}

if (inOwnNetwork()) {
  const registries = [
    { name: 'a registry with the referrers API', start: startOlareg },
    { name: 'a registry without the referrers API', start: startDockerRegistry },
  ];
  for (const { name, start } of registries) {
    test(name, async (t) => {
      const world = await signingWorld(t);
      const { address } = await start(t);
      for (const [index, way] of WAYS.entries()) {
        await t.test(named(way), async () => {
          const reference = await world.push(`${address}/acme/plugin${index}`);
          await sign(world, way, reference);
          await acceptedByAll(world, way, reference);
        });
      }
    });
  }

  test('a registry that asks who it is', async (t) => {
    const world = await signingWorld(t);
    const jane = { username: 'jane', password: 'secret-of-jane' };
    const { address } = await startHtpasswdRegistry(t, jane);
    const g = world.gantry;
    await g.ok(['login', address, '--username', jane.username, '--password-stdin'], { input: jane.password });
    const env = { DOCKER_CONFIG: g.env['DOCKER_CONFIG'] };
    for (const [index, way] of WAYS.entries()) {
      if (way.shape.log === 'rekor2') continue;
      await t.test(named(way), async () => {
        const reference = await world.push(`${address}/acme/plugin${index}`);
        await sign(world, way, reference);
        await acceptedByAll(world, way, reference, env);
        await g.ok(['logout', address]);
        const { shape, who } = way;
        const anonymous = await world.verify(shape, world[who].expected, reference);
        await g.ok(['login', address, '--username', jane.username, '--password-stdin'], { input: jane.password });
        assert.equal(anonymous.code, 3, anonymous.stderr);
        assert.match(anonymous.stderr, /REGISTRY_UNAUTHORIZED/);
      });
    }
  });

  test('more of what sign can do', async (t) => {
    const world = await signingWorld(t);
    const { address } = await startOlareg(t);
    const [bundle, tag] = WAYS;
    assert.ok(bundle !== undefined && tag !== undefined);

    for (const way of [bundle, tag]) {
      await t.test(`claims: ${named(way)}`, async () => {
        const reference = await world.push(`${address}/acme/claims-${way.shape.layout}`);
        await sign(world, way, reference, ['-a', 'env=production']);
        const { expected } = world.keyed;
        for (const [claim, code] of [
          ['env=production', 0],
          ['env=staging', 1],
        ] as const) {
          // cosign 2 compares no claims of bundles.
          for (const cosign of way === bundle ? (['cosign3'] as const) : COSIGNS) {
            const theirs = await cosignVerify(cosign, world.sigstore, way.shape, expected, reference, {
              flags: ['-a', claim],
            });
            assert.equal(theirs.code === 0, code === 0, `${cosign} ${claim}: ${theirs.stderr}`);
          }
          const ours = await world.verify(way.shape, expected, reference, ['-a', claim]);
          assert.equal(ours.code === 0, code === 0, ours.stderr);
        }
      });
    }

    await t.test('both layouts with one command', async () => {
      const reference = await world.push(`${address}/acme/both`);
      await sign(world, bundle, reference, ['--format', 'both']);
      await acceptedByAll(world, bundle, reference);
      await acceptedByAll(world, tag, reference);
    });

    for (const way of [bundle, tag]) {
      await t.test(`--recursive signs the platforms of an index: ${named(way)}`, async () => {
        const g = world.gantry;
        const repository = `${address}/acme/recursive-${way.shape.layout}`;
        const file = join(world.directory, 'plugin');
        const platforms = ['linux/amd64', 'linux/arm64'].flatMap((platform) => ['--platform', `${platform}=${file}`]);
        const { digest } = await g.json(['push', `${repository}:1`, ...platforms]);
        await sign(world, way, `${repository}@${digest}`, ['--recursive']);
        const { manifests }: { manifests: { digest: string }[] } = JSON.parse(
          await skopeoRaw(`${repository}@${digest}`),
        );
        assert.equal(manifests.length, 2);
        for (const each of [digest, ...manifests.map((child) => child.digest)]) {
          await acceptedByAll(world, way, `${repository}@${each}`);
        }
      });
    }
  });
}
