import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openRepository, openTransport, parseReference } from '@gantry/oci';
import { attachBundle, GITHUB_ISSUER, type GithubRun, githubIdentity, sigstoreLab } from '@gantry/testkit';
import { type LockedPlace, lockedPlace } from '../locked-place.fixture.ts';
import { gantry, gantryJson } from '../run-main.fixture.ts';

const HOUR = 3_600_000;

/** A {@link LockedPlace} whose plugins have to be signed by the release workflow of `acme/plug`. */
interface SignedPlace extends LockedPlace {
  /** Signs what the tag 1.0 of `acme/hello` names, so many hours ago. */
  sign(run?: GithubRun, hoursAgo?: number): Promise<void>;
}

async function signedPlace(t: TestContext): Promise<SignedPlace> {
  const at = await lockedPlace(t);
  const start = Date.now() - 10 * HOUR;
  let now = start;
  const lab = sigstoreLab({ now: () => now });
  await lab.trustedRootFile(at.cwd);
  const transport = openTransport();
  t.after(() => transport[Symbol.asyncDispose]());
  const identity = String((githubIdentity().san as { uri: string }).uri);
  const trust = [
    `  - scope: ${at.registry.address}/`,
    '    require: cosign',
    `    keyless: { issuer: "${GITHUB_ISSUER}", identity: "${identity}" }`,
    '    trustRoot: { trustedRoot: trusted_root.json }',
  ];
  await at.declare({ hello: `${at.ref}:1.0` }, `${trust.join('\n')}\n`);
  return {
    ...at,
    sign: async (run = {}, hoursAgo = 1) => {
      const repository = openRepository(at.ref, transport);
      const subject = await repository.resolve(parseReference(`${at.ref}:1.0`));
      now = Date.now() - hoursAgo * HOUR;
      await attachBundle(repository, subject, lab.signBundle(subject.digest, { identity: githubIdentity(run) }));
      at.registry.log.clear();
    },
  };
}

test('update installs a signed version, and says who signed before and after', async (t) => {
  const { options, sign, publish, lock, digest } = await signedPlace(t);
  await sign({}, 2);
  assert.equal((await gantry(['install'], options)).code, 0);
  const [before] = (await lock()).plugins;
  const next = await publish('hello', 'moved');
  await sign({}, 1);
  const { plugins } = await gantryJson<{ plugins: Record<string, unknown>[] }>(['update'], options);
  assert.deepEqual(
    [plugins[0]?.['previous'], plugins[0]?.['digest'], plugins[0]?.['state']],
    [digest, next, 'updated'],
  );
  assert.match(String(plugins[0]?.['signer']), /acme\/plug/);
  assert.equal(plugins[0]?.['previousSigner'], plugins[0]?.['signer']);
  const [after] = (await lock()).plugins;
  assert.equal(after?.signer, before?.signer);
  assert.notDeepEqual(after?.evidence, before?.evidence);
  assert.equal((await gantry(['install', '--frozen'], options)).code, 0);
});

test('an update by a signer outside the policy is POLICY_SIGNER_CHANGED, and nothing changes', async (t) => {
  const { options, sign, publish, lockText, digest } = await signedPlace(t);
  await sign({}, 2);
  await gantry(['install'], options);
  const text = await lockText();
  await publish('hello', 'evil');
  await sign({ repository: 'evil/plug' }, 1);
  for (const flags of [[], ['--allow-unsigned'], ['--keep-going']]) {
    const { code, err } = await gantry(['update', ...flags], options);
    assert.equal(code, 4);
    assert.match(err, /POLICY_SIGNER_CHANGED/, flags.join());
  }
  assert.equal(await lockText(), text);
  const [plugin] = (await gantryJson<{ plugins: { digest: string }[] }>(['list'], options)).plugins;
  assert.equal(plugin?.digest, digest);
  const { code } = await gantry(['outdated', '--exit-code'], options);
  assert.equal(code, 10, 'outdated tells that the tag has moved, not whether it may be followed');
});

test('C9: an update to what was signed earlier is POLICY_ROLLBACK, until its digest is named', async (t) => {
  const { options, sign, publish, lockText, declare, ref, digest } = await signedPlace(t);
  await sign({}, 5);
  const newer = await publish('hello', 'newer');
  await sign({}, 1);
  assert.equal((await gantry(['install'], options)).code, 0);
  const text = await lockText();
  await gantry(['tag', `${ref}@${digest}`, '1.0'], options);
  const { code, err } = await gantry(['update'], options);
  assert.equal(code, 4);
  assert.match(err, /POLICY_ROLLBACK/);
  assert.equal(await lockText(), text);
  assert.equal((await gantry(['install', '--frozen'], options)).code, 0, newer);
  await declare({ hello: `oci://${ref}@${digest}` }, '');
  assert.equal((await gantry(['install'], options)).code, 0, 'a digest in gantry.yaml is consent');
});

test('C8: an update whose signature is missing is refused, and what is installed stays', async (t) => {
  const { options, sign, publish, lockText } = await signedPlace(t);
  await sign();
  await gantry(['install'], options);
  const text = await lockText();
  await publish('hello', 'unsigned');
  const { code, err } = await gantry(['update', 'hello'], options);
  assert.equal(code, 4);
  assert.match(err, /SIGNATURE_MISSING/);
  assert.equal(await lockText(), text);
});
