import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostPlatform, type OpEvent, parseManifest, readAll, WASM_PLATFORM } from '@gantry/oci';
import { attachBundle, attachSimple, labKeyPair } from '@gantry/testkit';
import { SCRIPT, WASM } from '../install/plugin.fixture.ts';
import { byKeys } from '../trust/signatures/judging.fixture.ts';
import { byKey, digestIn, signedWorld } from './signed-world.fixture.ts';

const [KEY, OTHER, THIRD] = [labKeyPair(), labKeyPair(), labKeyPair()];

test('a signed plugin travels the whole road by its tag: keys and certificates, bundles and the .sig tag', async (t) => {
  const world = await signedWorld(t);
  const { registry } = world;
  const source = (name: string): string => `${registry.address}/acme/${name}:1.0`;
  const keyed = world.policy(byKey(KEY));
  const keyless = world.policy(world.keyless());
  await world.sign(await world.publish('bundle', SCRIPT), { key: KEY });
  await world.signSimple(await world.publish('simple', SCRIPT), { key: KEY });
  await world.sign(await world.publish('fulcio', SCRIPT));
  await world.signSimple(await world.publish('fulcio2', SCRIPT));
  const cases = [
    ['bundle', keyed, 'bundle', undefined],
    ['simple', keyed, 'simple-signing', undefined],
    ['fulcio', keyless, 'bundle', 'release@example.com'],
    ['fulcio2', keyless, 'simple-signing', 'release@example.com'],
  ] as const;
  for (const [name, policy, format, identity] of cases) {
    const { facts } = await world.open({ policy }).install(source(name));
    const { verdict } = facts;
    const [signature] = verdict.signatures;
    assert.deepEqual(
      [verdict.accepted, verdict.policy, verdict.policySource],
      [true, 'cosign', 'gantry.yaml: trust[0]'],
    );
    assert.deepEqual(
      [signature?.format, signature?.identity, signature?.signed],
      [format, identity, facts.digest],
      name,
    );
    assert.equal(verdict.signer, signature?.clause);
    assert.deepEqual(verdict.evidence, [signature?.evidence]);
    assert.equal(verdict.trustRootDigest !== undefined, identity !== undefined, 'keys rest on no trust root');
    assert.equal(verdict.stale, false);
    assert.deepEqual(readFileSync(facts.entry ?? ''), Buffer.from(SCRIPT));
  }
});

test('C1: no signature, no list and no tag are SIGNATURE_MISSING; nothing is fetched or installed', async (t) => {
  const world = await signedWorld(t);
  const reference = await world.publish('tool', SCRIPT);
  const gantry = world.open({ policy: world.policy(byKey(KEY)) });
  for (const asked of [reference, { source: `${world.registry.address}/acme/tool:1.0`, allowUnsigned: true }]) {
    world.script();
    await assert.rejects(gantry.install(asked), { code: 'SIGNATURE_MISSING' });
    assert.equal(world.registry.log.count(undefined, '/blobs/'), 0);
  }
  const local = world.open({ policy: world.policy(byKey(KEY), `file:${world.files}`) });
  await assert.rejects(
    local.install(world.write('local', SCRIPT)),
    { code: 'SIGNATURE_MISSING' },
    'a file has no place for one',
  );
  assert.deepEqual(await gantry.root.list(), []);
});

test('C1: a registry that cannot be asked for signatures refuses with its own code, though another place had none', async (t) => {
  const world = await signedWorld(t);
  const reference = await world.publish('tool', SCRIPT);
  const gantry = world.open({ policy: world.policy(byKey(KEY)) });
  const op = { limits: { retries: 1, idleTimeout: 200, headerTimeout: 200 } };
  const cases = [
    [{ status: 401 }, 'REGISTRY_UNAUTHORIZED'],
    [{ status: 403 }, 'REGISTRY_DENIED'],
    [{ status: 429 }, 'REGISTRY_RATE_LIMITED'],
    [{ status: 500 }, 'REGISTRY_UNAVAILABLE'],
    [{ cut: 'none' }, 'REGISTRY_UNREACHABLE'],
  ] as const;
  for (const path of ['/referrers/', '.sig']) {
    for (const [effect, code] of cases) {
      world.script({ path, ...effect });
      await assert.rejects(gantry.install(reference, op), { code }, `${path} ${code}`);
    }
  }
  assert.deepEqual(await gantry.root.list(), []);
});

test('C1: a place that fails is not asked once the policy is satisfied', async (t) => {
  const world = await signedWorld(t);
  const reference = await world.publish('tool', SCRIPT);
  await world.sign(reference, { key: KEY });
  world.script({ path: '.sig', status: 500 });
  const { facts } = await world.open({ policy: world.policy(byKey(KEY)) }).install(reference);
  assert.equal(facts.verdict.accepted, true);
  assert.equal(world.registry.log.count(undefined, '.sig'), 0);
});

test('C5: one good signature among bad ones is enough, and the bad ones are told', async (t) => {
  const world = await signedWorld(t);
  const reference = await world.publish('tool', SCRIPT);
  await world.sign(reference, { key: OTHER });
  await world.sign(reference, { key: KEY, predicateType: 'https://slsa.dev/provenance/v1' });
  await world.signSimple(reference, { key: KEY });
  const gantry = world.open({ policy: world.policy(byKey(KEY)) });
  const verified = await gantry.verify(await gantry.resolve(reference));
  assert.deepEqual(verified.rejected.map(({ code }) => code).sort(), ['SIGNATURE_INVALID', 'SIGNATURE_MISSING']);
  assert.equal(verified.verdict.signatures[0]?.format, 'simple-signing');
});

test('a refusal names the reference and each signature that was looked at', async (t) => {
  const world = await signedWorld(t);
  const reference = await world.publish('tool', SCRIPT);
  await world.sign(reference, { key: OTHER });
  await assert.rejects(world.open({ policy: world.policy(byKey(KEY)) }).install(reference), (error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error && 'details' in error);
    assert.equal(error.code, 'SIGNATURE_INVALID');
    assert.ok(error.message.includes(reference));
    const { rejected } = error.details as { rejected: readonly { code: string }[] };
    assert.deepEqual(
      rejected.map(({ code }) => code),
      ['SIGNATURE_INVALID'],
    );
    return true;
  });
});

test('the index is signed, or one platform: the verdict says which, and the policy may insist', async (t) => {
  const world = await signedWorld(t);
  const publish = (name: string): Promise<string> =>
    world.publishIndex(name, [
      { platform: WASM_PLATFORM, bytes: WASM },
      { platform: hostPlatform(), bytes: SCRIPT },
    ]);
  const index = await publish('index');
  await world.sign(index, { key: KEY });
  const child = await publish('child');
  const repository = world.repository('child');
  const root = await repository.resolve({
    kind: 'registry',
    registry: world.registry.address,
    repository: 'acme/child',
    digest: digestIn(child),
  });
  const parsed = parseManifest(await readAll(repository, root), root);
  assert.ok(parsed.kind === 'index');
  const native = parsed.manifests.find(({ platform }) => platform?.os === hostPlatform().os);
  assert.ok(native);
  await world.sign(child, { key: KEY }, native);
  const cases = [
    [index, 'either', 'index'],
    [index, 'index', 'index'],
    [index, 'platform', 'SIGNATURE_MISSING'],
    [child, 'either', 'platform'],
    [child, 'platform', 'platform'],
    [child, 'index', 'SIGNATURE_MISSING'],
  ] as const;
  for (const [reference, subject, expected] of cases) {
    const gantry = world.open({ policy: world.policy(byKey(KEY, { subject })) });
    const verified = gantry.resolve(reference).then((plugin) => gantry.verify(plugin));
    if (expected === 'SIGNATURE_MISSING') await assert.rejects(verified, { code: expected }, `${subject} ${reference}`);
    else assert.equal((await verified).verdict.covers, expected, `${subject} ${reference}`);
  }
  // The signed child vouches for itself alone, not for its sibling.
  const gantry = world.open({ policy: world.policy(byKey(KEY)), prefer: 'wasm' });
  await assert.rejects(gantry.install(child), { code: 'SIGNATURE_MISSING' });
  // Of two signers one has signed the whole index, and together they have not.
  await world.sign(child, { key: OTHER });
  const both = world.open({ policy: world.policy(byKeys([KEY, OTHER], { threshold: 2 })) });
  const { verdict } = await both.verify(await both.resolve(child));
  assert.deepEqual([verdict.signatures.length, verdict.covers], [2, 'platform']);
});

test('C6: several signers are counted, and gathered for until there are enough', async (t) => {
  const world = await signedWorld(t);
  const reference = await world.publish('tool', SCRIPT);
  const policy = world.policy(byKeys([KEY, OTHER, THIRD], { threshold: 2 }));
  const gantry = world.open({ policy });
  await world.sign(reference, { key: KEY });
  await world.sign(reference, { key: KEY });
  await assert.rejects(gantry.install(reference), { code: 'POLICY_THRESHOLD' });
  await world.signSimple(reference, { key: OTHER });
  const { facts } = await gantry.install(reference);
  assert.equal(new Set(facts.verdict.signatures.map(({ signer }) => signer)).size, 2);
  assert.equal((await world.open({ policy }).root.get('tool')).facts.verdict.accepted, true, 'judged again');
});

test('C16: where two files ask for signatures, both must be satisfied', async (t) => {
  const world = await signedWorld(t);
  const reference = await world.publish('tool', SCRIPT);
  await world.sign(reference, { key: KEY });
  const lists = [[world.clause(byKey(KEY))], [world.clause(byKey(OTHER))]];
  const gantry = world.open({ policy: { fallback: 'digest', lists } });
  await assert.rejects(gantry.install(reference), { code: 'SIGNATURE_INVALID' });
  await world.sign(reference, { key: OTHER });
  const { verdict } = (await gantry.install(reference)).facts;
  assert.equal(verdict.signatures.length, 2);
  assert.equal(verdict.evidence.length, 2);
  // A digest that another file wants is missing: refused before any signature is asked for.
  const pinned = { scope: `${world.registry.address}/`, require: 'digest', source: 'other.yaml: trust[0]' } as const;
  const both = world.open({ policy: { fallback: 'digest', lists: [[world.clause(byKey(KEY))], [pinned]] } });
  world.script();
  await assert.rejects(both.install(`${world.registry.address}/acme/tool:1.0`), { code: 'POLICY_UNPINNED' });
  assert.equal(world.registry.log.count(undefined, '/referrers/'), 0);
});

test('signatures may lie in a repository of their own', async (t) => {
  const world = await signedWorld(t);
  const { lab, registry } = world;
  const reference = await world.publish('tool', SCRIPT);
  const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digestIn(reference), size: 2 };
  await attachSimple(world.repository('signatures'), subject, [lab.signSimple(subject.digest, { key: KEY })]);
  const at = (name: string) => world.policy(byKey(KEY, { signatureRepository: `${registry.address}/acme/${name}` }));
  await world.open({ policy: at('signatures') }).install(reference);
  await assert.rejects(world.open({ policy: at('tool') }).install(reference), { code: 'SIGNATURE_MISSING' });
});

test('C7: one verification makes the requests that are told and no more', async (t) => {
  const world = await signedWorld(t);
  const reference = await world.publish('tool', SCRIPT);
  await world.sign(reference, { key: OTHER });
  await world.signSimple(reference, { key: KEY });
  const gantry = world.open({ policy: world.policy(byKey(KEY)) });
  const plugin = await gantry.resolve(reference);
  world.script();
  const events: OpEvent[] = [];
  await gantry.verify(plugin, {}, { onEvent: (event) => events.push(event) });
  // 1 list and 1 fallback tag, 2 for the candidate, 1 for the .sig tag and 1 for its layer.
  assert.equal(world.registry.log.count(), 6);
});

test('C7: signatures that are too large together are a refusal, though the next one would be good', async (t) => {
  const world = await signedWorld(t);
  const reference = await world.publish('tool', SCRIPT);
  await world.signSimple(reference, { key: KEY });
  await world.sign(reference, { key: OTHER });
  const gantry = world.open({ policy: world.policy(byKey(KEY)) });
  const limits = { signatureTotalBytes: 1 };
  await assert.rejects(gantry.install(reference, { limits }), { code: 'SIGNATURE_LIMIT' });
  await gantry.install(reference);
});

test('what is signed as a message over the manifest is judged again from what is kept', async (t) => {
  const world = await signedWorld(t);
  const reference = await world.publish('tool', SCRIPT);
  const repository = world.repository('tool');
  const subject = await repository.resolve({
    kind: 'registry',
    registry: world.registry.address,
    repository: 'acme/tool',
    digest: digestIn(reference),
  });
  const bytes = await readAll(repository, subject);
  await attachBundle(repository, subject, world.lab.signBundle(bytes, { key: KEY, content: 'message' }));
  const gantry = world.open({ policy: world.policy(byKey(KEY)) });
  await gantry.install(reference);
  const [row] = await gantry.root.reverify();
  assert.deepEqual([row?.error, row?.facts?.verdict.accepted], [undefined, true]);
  assert.equal(readdirSync(join(world.home, 'plugins', 'evidence')).length, 2, 'the bundle and the manifest');
});
