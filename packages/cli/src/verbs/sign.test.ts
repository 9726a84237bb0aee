import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sigstoreLab } from '@gantry/testkit';
import { gantry, gantryJson } from '../run-main.fixture.ts';
import { BY_IDENTITY, IDENTITY, keylessPlace, signingPlace } from '../signing-place.fixture.ts';

interface SignDocument {
  readonly reference: string;
  readonly digest: string;
  readonly signatures: readonly {
    readonly format: string;
    readonly digest: string;
    readonly manifest: string;
    readonly signer: string;
    readonly logIndex?: string;
    readonly timestamp?: string;
    readonly existing?: boolean;
  }[];
}

test('sign with a key signs the digest, prints it, and warns when a tag was given', async (t) => {
  const { options, ref, digest, pinned, id } = await signingPlace(t);
  const byTag = await gantry(['sign', `${ref}:1.0`, '--key', 'gantry.key'], options);
  assert.equal(byTag.code, 0, byTag.err);
  assert.equal(byTag.out, `${ref}:1.0@${digest}\n`);
  assert.ok(byTag.err.includes(`warning: ${ref}:1.0: a tag can move; signed is what it names now, ${digest}\n`));
  assert.ok(byTag.err.includes(`${digest} signed by ${id} (bundle)\n`));

  const byDigest = await gantry(['sign', pinned, '--key', 'gantry.key', '-a', 'by=test', '--json'], options);
  assert.equal(byDigest.err, '');
  const document: SignDocument = JSON.parse(byDigest.out);
  const [signature] = document.signatures;
  assert.deepEqual(document, {
    schemaVersion: 1,
    reference: pinned,
    digest,
    signatures: [{ format: 'bundle', digest, manifest: signature?.manifest, signer: id }],
  });
});

test('sign with a key that has signed the same before adds nothing, and says so', async (t) => {
  const { options, pinned } = await signingPlace(t);
  const sign = () => gantryJson<SignDocument>(['sign', pinned, '--key', 'gantry.key'], options);
  const [first, second] = [await sign(), await sign()];
  assert.equal(second.signatures[0]?.manifest, first.signatures[0]?.manifest);
  assert.equal(second.signatures[0]?.existing, true);
  assert.match((await gantry(['sign', pinned, '--key', 'gantry.key'], options)).err, /has this signature .* already/);
});

test('sign --recursive --format both signs the index and its children in both formats', async (t) => {
  const { options, ref } = await signingPlace(t);
  const platforms = ['--platform', 'linux/amd64=hello.sh', '--platform', 'plan9/arm=hello.sh'];
  const { digest } = await gantryJson<{ digest: string }>(['push', `${ref}:2`, ...platforms], options);
  const args = ['sign', `${ref}@${digest}`, '--key', 'gantry.key', '--recursive', '--format', 'both'];
  const { signatures } = await gantryJson<SignDocument>(args, options);
  assert.deepEqual(
    signatures.map(({ format }) => format),
    ['bundle', 'cosign-v2', 'bundle', 'cosign-v2'],
  );
  assert.equal(signatures.at(-1)?.digest, digest);
  const verify = ['verify', `${ref}@${digest}`, '--key', 'gantry.pub'];
  for (const subject of ['index', 'either']) {
    const accepted = await gantryJson([...verify, '--subject', subject], options);
    assert.equal(accepted['signed'], 'index');
  }
  const child = await gantryJson([...verify, '--subject', 'platform', '--platform', 'plan9/arm'], options);
  assert.equal(child['signed'], 'platform');
});

test('sign and verify work on a layout without any connection', async (t) => {
  const { options, registry } = await signingPlace(t);
  await gantry(['push', 'oci-layout:air:1', 'hello.sh'], options);
  registry.log.clear();
  const signed = await gantry(['sign', 'oci-layout:air:1', '--key', 'gantry.key', '--offline'], options);
  assert.equal(signed.code, 0, signed.err);
  const verified = await gantry(['verify', 'oci-layout:air:1', '--key', 'gantry.pub', '--offline'], options);
  assert.equal(verified.code, 0, verified.err);
  assert.equal(registry.log.count(), 0);
});

test('the password of a key comes from COSIGN_PASSWORD, else from the terminal', async (t) => {
  const { options, pinned, cwd } = await signingPlace(t);
  const { COSIGN_PASSWORD: _, ...env } = options.env;
  await gantry(['key', 'generate', '--output', 'locked'], { ...options, env: { ...env, COSIGN_PASSWORD: 'sesame' } });
  const sign = ['sign', pinned, '--key', 'locked.key'];
  const cases = [
    [{ cwd, env: { ...env, COSIGN_PASSWORD: 'wrong' } }, 2, /CONFIG_KEY_PASSWORD/],
    [{ cwd, env }, 2, /password for locked\.key is missing, and there is no terminal to ask \(CONFIG_USAGE\)/],
    [{ cwd, env, interactive: true, stdin: 'sesame\n' }, 0, /signed by/],
  ] as const;
  for (const [given, code, said] of cases) {
    const result = await gantry(sign, given);
    assert.equal(result.code, code, result.err);
    assert.match(result.err, said);
    assert.ok(!result.err.includes('sesame'));
  }
});

test('keys that are kept elsewhere, and flags that do nothing, are refused by name', async (t) => {
  const { options, pinned, registry } = await signingPlace(t);
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['--key', 'awskms:///alias/x'], /awskms:\/\/.*\(CONFIG_KEY_UNSUPPORTED\)/],
    [['--key', 'absent.key'], /absent\.key: .*\(CONFIG_UNREADABLE\)/],
    [['--key', 'gantry.pub'], /expected a private key, found PUBLIC KEY \(CONFIG_KEY_INVALID\)/],
    [['--key', 'gantry.key', '--identity-token', 'x'], /one of them signs \(CONFIG_USAGE\)/],
    [['--key', 'gantry.key', '--trusted-root', 'root.json'], /with --key alone there are none \(CONFIG_USAGE\)/],
    [['--key', 'gantry.key', '--format', 'v3'], /'v3' is invalid.*\(CONFIG_USAGE\)/],
  ];
  for (const [flags, said] of cases) {
    const { code, out, err } = await gantry(['sign', pinned, ...flags], options);
    assert.equal(code, 2, err);
    assert.equal(out, '');
    assert.match(err, said);
  }
  assert.equal(registry.log.count(), 0);
});

test('keyless: the token of the flag, of a file, of the environment, of GitHub Actions', async (t) => {
  const { options, pinned, token, flags, services, cwd } = await keylessPlace(t);
  await writeFile(join(cwd, 'token'), `${token}\n`);
  const cases: readonly (readonly [readonly string[], Readonly<Record<string, string>>])[] = [
    [['--identity-token', token], {}],
    [['--identity-token', '@token'], {}],
    [[], { SIGSTORE_ID_TOKEN: token }],
    [[], services.actionsEnvironment],
  ];
  for (const [given, env] of cases) {
    const place = { ...options, env: { ...options.env, ...env } };
    const { code, out, err } = await gantry(['sign', pinned, ...flags, ...given, '--json'], place);
    assert.equal(code, 0, err);
    const document: SignDocument = JSON.parse(out);
    assert.equal(document.signatures[0]?.signer, IDENTITY);
    assert.match(document.signatures[0]?.logIndex ?? '', /^\d+$/);
    assert.ok(!Number.isNaN(Date.parse(document.signatures[0]?.timestamp ?? '')));
    assert.ok(!(out + err).includes(token));
  }
  const verified = await gantryJson(['verify', pinned, ...BY_IDENTITY], options);
  assert.equal(verified['accepted'], true);
  assert.match(String(verified['trustRootDigest']), /^sha256:/);
});

test('keyless without a token is a mistake, before anybody is asked', async (t) => {
  const { options, pinned, flags, services } = await keylessPlace(t);
  const { code, err } = await gantry(['sign', pinned, ...flags], options);
  assert.equal(code, 2);
  assert.match(err, /CONFIG_IDENTITY_TOKEN/);
  const absent = await gantry(['sign', pinned, ...flags, '--identity-token', '@absent'], options);
  assert.match(absent.err, /absent: cannot be read \(ENOENT\) \(CONFIG_INPUT_UNREADABLE\)/);
  assert.equal(services.requests.length, 0);
  const forgotten = await gantry(['sign', pinned], options);
  assert.equal(forgotten.code, 2);
  assert.match(
    forgotten.err,
    /there is no identity token to sign with \(CONFIG_IDENTITY_TOKEN\)\nhint: name a key with --key/,
  );
});

test('keyless in cosign-v2 goes to Rekor 1, and without one says that no log has it', async (t) => {
  for (const [rekor, warns] of [
    [1, false],
    [2, true],
  ] as const) {
    const { options, pinned, flags, token } = await keylessPlace(t, rekor);
    const args = ['sign', pinned, ...flags, '--identity-token', token, '--format', 'cosign-v2'];
    const { code, err } = await gantry(args, options);
    assert.equal(code, 0, err);
    assert.equal(/warning: .*they are in no log/.test(err), warns, err);
    const verified = await gantry(['verify', pinned, ...BY_IDENTITY, ...(warns ? ['--log', 'none'] : [])], options);
    assert.equal(verified.code, 0, verified.err);
  }
});

test('C4: services that another trust root vouches for publish nothing', async (t) => {
  const { options, pinned, token, cwd, registry } = await keylessPlace(t);
  await writeFile(join(cwd, 'root.json'), JSON.stringify(sigstoreLab().trustedRoot));
  registry.log.clear();
  const flags = ['--signing-config', 'services.json', '--trusted-root', 'root.json', '--identity-token', token];
  const { code, err } = await gantry(['sign', pinned, ...flags], options);
  assert.equal(code, 4, err);
  assert.equal(registry.log.count('PUT'), 0);
});

test('push --sign-key signs before the tag is there; a wrong password sends nothing', async (t) => {
  const { options, ref, registry, id } = await signingPlace(t);
  const args = ['push', `${ref}:3`, 'hello.sh', '--annotation', 'v=3', '--sign-key', 'gantry.key'];
  const wrong = await gantry(args, { ...options, env: { ...options.env, COSIGN_PASSWORD: 'wrong' } });
  assert.equal(wrong.code, 2, wrong.err);
  assert.equal(registry.log.count(), 0);
  const pushed = await gantryJson<SignDocument>(args, options);
  assert.equal(pushed.signatures[0]?.digest, pushed.digest);
  assert.equal(pushed.signatures[0]?.signer, id);
  const puts = registry.log.requests.filter(({ method, path }) => method === 'PUT' && path.includes('/manifests/'));
  assert.deepEqual(
    puts.map(({ path }) => path.endsWith('/manifests/3')),
    puts.map((_, index) => index === puts.length - 1),
  );
  assert.equal((await gantry(['verify', `${ref}:3`, '--key', 'gantry.pub'], options)).code, 0);
});
