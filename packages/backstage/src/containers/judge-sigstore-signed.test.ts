import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attachBundle, attachSimple, labKeyPair, publicPem, type SimpleOptions, sigstoreLab } from '@gantry/testkit';
import { type PolicyWorld, policyWorld } from './policy.fixture.ts';

const KEY = labKeyPair();
const OTHER = labKeyPair();
const NOON = Date.UTC(2026, 2, 1, 12);
const LAB = sigstoreLab({ now: () => NOON });
const WHO = { oidcIssuer: 'https://issuer.example', subjectEmail: 'release@example.com' };
/** The lab's certificates are for just that address unless they are asked for another. */
const RELEASE: SimpleOptions = { identity: {} };

/** Signs the image of a world as cosign does; each call replaces the signatures before. */
async function sign(world: PolicyWorld, ...signatures: readonly SimpleOptions[]): Promise<void> {
  const { descriptor } = world.published;
  const layers = signatures.map((one) => LAB.signSimple(descriptor.digest, { reference: world.image, ...one }));
  await attachSimple(world.repository, descriptor, layers);
}

async function keyFile(world: PolicyWorld, key = KEY): Promise<string> {
  return world.write('keys/cosign.pub', publicPem(key.publicKey));
}

test('a signature by the key under the name of the image is accepted, with the manifest fetched once', async (t) => {
  const world = await policyWorld(t);
  await world.require({ type: 'sigstoreSigned', keyPath: await keyFile(world) });
  await sign(world, { key: KEY });
  await world.enforce();
  const manifest = world.published.descriptor.digest;
  const asked = world.registry.log.requests.map(({ path }) => path);
  assert.equal(
    asked.filter((path) => path.endsWith('/manifests/1') || path.includes(`/manifests/${manifest}`)).length,
    1,
  );
  assert.equal(asked.filter((path) => path.includes(`/blobs/${world.published.layers[0]?.digest}`)).length, 0);
});

test('keys may stand in the policy, and one of several is enough', async (t) => {
  const world = await policyWorld(t);
  const data = (key = KEY): string => Buffer.from(publicPem(key.publicKey)).toString('base64');
  await sign(world, { key: KEY });
  for (const keys of [
    { keyData: data() },
    { keyDatas: [data(OTHER), data()] },
    { keyPaths: [await keyFile(world), await keyFile(world)] },
  ]) {
    await world.require({ type: 'sigstoreSigned', ...keys });
    await world.enforce();
  }
});

test('C1: no signature, one by another key, of another digest or a tampered one are refused', async (t) => {
  const world = await policyWorld(t);
  const file = await world.require({ type: 'sigstoreSigned', keyPath: await keyFile(world) });
  await assert.rejects(world.enforce(), {
    code: 'SIGNATURE_MISSING',
    message: `${world.image}@${world.published.descriptor.digest}: ${file} (default) wants a signature of Sigstore, and there is none`,
  });
  const bad: readonly SimpleOptions[] = [
    { key: OTHER },
    { key: KEY, signingKey: OTHER.privateKey },
    {
      key: KEY,
      payload: (right) => ({
        ...right,
        critical: { ...right.critical, image: { 'docker-manifest-digest': `sha256:${'0'.repeat(64)}` } },
      }),
    },
  ];
  for (const one of bad) {
    await sign(world, one);
    await assert.rejects(world.enforce(), { code: 'SIGNATURE_INVALID', message: /none counts: / });
  }
  await sign(world, ...bad, { key: KEY });
  await world.enforce();
});

test('C3: the name that was signed has to be one that signedIdentity takes', async (t) => {
  const world = await policyWorld(t);
  const keyPath = await keyFile(world);
  const name = `${world.registry.address}/team/app`;
  const byDigest = `${name}@${world.published.descriptor.digest}`;
  const repository = { signedIdentity: { type: 'matchRepository' } };
  const cases: readonly (readonly [identity: object, signed: string, image: string, accepted: boolean])[] = [
    [{}, world.image, world.image, true],
    [{}, name, world.image, false],
    [{}, `${name}:2`, world.image, false],
    [{}, `${name}:2`, byDigest, true],
    [repository, name, world.image, true],
    [repository, 'other.example/team/app', world.image, false],
    [
      { signedIdentity: { type: 'exactRepository', dockerRepository: 'other.example/team/app' } },
      'other.example/team/app',
      world.image,
      true,
    ],
  ];
  for (const [identity, reference, image, accepted] of cases) {
    await world.require({ type: 'sigstoreSigned', keyPath, ...identity });
    await sign(world, { key: KEY, reference });
    if (accepted) await world.enforce(image);
    else await assert.rejects(world.enforce(image), { code: 'POLICY_IDENTITY', message: /it says / });
  }
  await sign(world, { key: KEY, reference: 'other.example/team/app' }, { key: KEY });
  await world.require({ type: 'sigstoreSigned', keyPath });
  await world.enforce();
});

test('a bundle names no image and does not count; a referrer of the old format does', async (t) => {
  const world = await policyWorld(t);
  const { descriptor } = world.published;
  await world.require({ type: 'sigstoreSigned', keyPath: await keyFile(world) });
  await attachBundle(world.repository, descriptor, LAB.signBundle(descriptor.digest, { key: KEY }));
  await assert.rejects(world.enforce(), { code: 'POLICY_IDENTITY', message: /is a bundle, which names no image/ });
  const layer = LAB.signSimple(descriptor.digest, { key: KEY, reference: world.image });
  await attachSimple(world.repository, descriptor, [layer], { shape: 'referrer' });
  await world.enforce();
});

test('C4: with a key of a log an entry in that log is required', async (t) => {
  const world = await policyWorld(t, { now: () => NOON });
  const rekorPublicKeyPath = await world.write('keys/rekor.pub', LAB.pem.rekorV1);
  const foreign = await world.write('keys/other-rekor.pub', sigstoreLab().pem.rekorV1);
  const keyPath = await keyFile(world);
  await world.require({ type: 'sigstoreSigned', keyPath, rekorPublicKeyPath });
  await sign(world, { key: KEY });
  await assert.rejects(world.enforce(), { code: 'SIGNATURE_INVALID' });
  await sign(world, { key: KEY, log: 'v1' });
  await world.enforce();
  await world.require({ type: 'sigstoreSigned', keyPath, rekorPublicKeyPaths: [foreign, rekorPublicKeyPath] });
  await world.enforce();
  await world.require({ type: 'sigstoreSigned', keyPath, rekorPublicKeyPath: foreign });
  await assert.rejects(world.enforce(), { code: 'SIGNATURE_INVALID' });
});

test('C3: with fulcio the certificate has to name just this issuer and address', async (t) => {
  const world = await policyWorld(t, { now: () => NOON });
  const rekorPublicKeyData = Buffer.from(LAB.pem.rekorV1).toString('base64');
  const rule = (fulcio: object): object => ({
    type: 'sigstoreSigned',
    fulcio: { ...WHO, ...fulcio },
    rekorPublicKeyData,
  });
  const caPath = await world.write('keys/fulcio.pem', LAB.pem.fulcio);
  await sign(world, RELEASE);
  await world.require(rule({ caPath }));
  await world.enforce();
  await world.require(rule({ caData: Buffer.from(LAB.pem.fulcio).toString('base64') }));
  await world.enforce();
  for (const other of [{ oidcIssuer: 'https://other.example' }, { subjectEmail: 'somebody@example.com' }]) {
    await world.require(rule({ caPath, ...other }));
    await assert.rejects(world.enforce(), { code: 'POLICY_IDENTITY' });
  }
  await world.require(
    rule({ caPath: await world.write('keys/other.pem', sigstoreLab({ now: () => NOON }).pem.fulcio) }),
  );
  await assert.rejects(world.enforce(), { code: 'SIGNATURE_INVALID' });
});

test('C2: a key that is none, or not there, is an error of the policy', async (t) => {
  const world = await policyWorld(t);
  await sign(world, { key: KEY });
  const junk = await world.write('keys/junk.pub', 'junk');
  for (const rule of [
    { keyPath: junk },
    { keyPath: '/nowhere/cosign.pub' },
    { keyPath: await keyFile(world), rekorPublicKeyPath: junk },
  ]) {
    const file = await world.require({ type: 'sigstoreSigned', ...rule });
    await assert.rejects(world.enforce(), (error: { code?: string; message: string }) => {
      assert.equal(error.code, 'POLICY_UNENFORCED');
      assert.ok(error.message.includes(`: ${file} (default) cannot be enforced: `), error.message);
      return true;
    });
  }
});

test('caPath may hold a heap of certificates, or the root alone when the signature brings what it issued', async (t) => {
  const world = await policyWorld(t, { now: () => NOON });
  const other = sigstoreLab({ now: () => NOON });
  const [intermediate = '', root = ''] = LAB.pem.fulcio.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----\n/g) ?? [];
  const enforceWith = async (ca: string): Promise<unknown> => {
    const caPath = await world.write('keys/fulcio.pem', ca);
    const rekorPublicKeyPath = await world.write('keys/rekor.pub', LAB.pem.rekorV1);
    await world.require({ type: 'sigstoreSigned', fulcio: { ...WHO, caPath }, rekorPublicKeyPath });
    return world.enforce();
  };
  assert.equal(root, LAB.pem.fulcioRoot);
  await sign(world, { ...RELEASE, chain: 'absent' });
  await enforceWith(root + intermediate);
  await enforceWith(other.pem.fulcio + intermediate + root);
  await assert.rejects(enforceWith(root), { code: 'SIGNATURE_INVALID' });
  await sign(world, RELEASE);
  await enforceWith(root);
  await enforceWith(other.pem.fulcioRoot + root);
  await assert.rejects(enforceWith(other.pem.fulcioRoot), { code: 'SIGNATURE_INVALID' });
  const foreign = { 'dev.sigstore.cosign/chain': other.pem.fulcio };
  await sign(world, {
    ...RELEASE,
    identity: other.certificate(),
    annotations: foreign,
  });
  await assert.rejects(enforceWith(root), { code: 'SIGNATURE_INVALID' });
  for (const [ca, why] of [
    [intermediate, /is not issued by itself/],
    ['junk', /expected PEM blocks CERTIFICATE/],
  ] as const) {
    await assert.rejects(enforceWith(ca), { code: 'POLICY_UNENFORCED', message: why });
  }
});

test('B8: of an index the manifest for the platform has to be signed, as containers/image wants it', async (t) => {
  const world = await policyWorld(t, { index: true });
  await world.require({ type: 'sigstoreSigned', keyPath: await keyFile(world) });
  await sign(world, { key: KEY });
  await assert.rejects(world.enforce(), { code: 'SIGNATURE_MISSING' });
  const layer = LAB.signSimple(world.manifest.digest, { key: KEY, reference: world.image });
  await attachSimple(world.repository, world.manifest, [layer]);
  const plugin = await world.enforce();
  assert.deepEqual(
    [plugin.root.digest, plugin.manifest.digest],
    [world.published.descriptor.digest, world.manifest.digest],
  );
});
