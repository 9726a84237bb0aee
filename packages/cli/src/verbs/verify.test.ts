import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRepository, openTransport, parseReference } from '@gantry/oci';
import { attachBundle, githubIdentity, sigstoreLab, tufRepository } from '@gantry/testkit';
import { gantry, gantryJson } from '../run-main.fixture.ts';
import {
  BY_IDENTITY,
  IDENTITY,
  ISSUER,
  keylessPlace,
  type SigningPlace,
  signingPlace,
} from '../signing-place.fixture.ts';

interface VerifyDocument {
  readonly accepted: boolean;
  readonly signed: string | null;
  readonly policy: { readonly source: string; readonly clause: string };
  readonly policyDigest: string;
  readonly trustRootDigest: string | null;
  readonly signers: readonly Readonly<Record<string, unknown>>[];
  readonly rejected: readonly { readonly evidence: string; readonly code: string; readonly message: string }[];
  readonly stale: boolean;
}

/** Signs with `gantry.key` what the tag 1.0 names. */
async function signed(where: SigningPlace, ...flags: readonly string[]): Promise<void> {
  const { code, err } = await gantry(['sign', where.pinned, '--key', 'gantry.key', ...flags], where.options);
  assert.equal(code, 0, err);
}

/** Verifies; the document of stdout, whether it accepts or refuses, and what stood on stderr. */
async function verified(where: SigningPlace, ...args: readonly string[]) {
  const { code, out, err } = await gantry(['verify', ...args, '--json'], where.options);
  assert.ok(out !== '', err);
  const document: VerifyDocument = JSON.parse(out);
  const failure = err.split('\n').find((line) => line.includes('"error"'));
  return { code, document, error: failure === undefined ? undefined : JSON.parse(failure).error };
}

test('verify with a key prints who signed what, and by which evidence', async (t) => {
  const where = await signingPlace(t);
  await signed(where);
  const { code, document } = await verified(where, `${where.ref}:1.0`, '--key', 'gantry.pub');
  assert.equal(code, 0);
  const [signer] = document.signers;
  assert.deepEqual(document, {
    schemaVersion: 1,
    reference: where.pinned,
    digest: where.digest,
    accepted: true,
    signed: 'platform',
    policy: { source: 'the command line', clause: 'cosign' },
    policyDigest: document.policyDigest,
    trustRootDigest: null,
    signers: [
      { clause: `key ${where.id} (gantry.pub)`, key: where.id, evidence: signer?.['evidence'], format: 'bundle' },
    ],
    rejected: [],
    stale: false,
  });
  const { out } = await gantry(['verify', where.pinned, '--key', 'gantry.pub'], where.options);
  for (const line of [
    `reference +${where.pinned}`,
    'verdict +accepted',
    'trust root +none',
    'signed +platform',
    `signer +key ${where.id} \\(gantry.pub\\)`,
    `evidence +${signer?.['evidence']} \\(bundle\\)`,
    'log +none',
    'time +none that is trusted',
  ]) {
    assert.match(out, new RegExp(`^${line}$`, 'm'));
  }
});

test('C1: no signature, a bad one and one that the policy refuses are exit code 4, each with its own code', async (t) => {
  const where = await signingPlace(t);
  await gantry(['key', 'generate', '--output', 'other'], where.options);
  const missing = await verified(where, where.pinned, '--key', 'gantry.pub');
  assert.deepEqual([missing.code, missing.error.code], [4, 'SIGNATURE_MISSING']);
  assert.ok(missing.error.message.startsWith(`${where.pinned}: the command line wants a signature`));
  assert.deepEqual(missing.document.rejected, []);

  await signed(where);
  const foreign = await verified(where, where.pinned, '--key', 'other.pub');
  assert.deepEqual([foreign.code, foreign.error.code], [4, 'SIGNATURE_INVALID']);
  assert.equal(foreign.document.accepted, false);
  assert.equal(foreign.document.signed, null);
  assert.deepEqual(foreign.document.signers, []);
  assert.deepEqual(
    foreign.document.rejected.map(({ code }) => code),
    ['SIGNATURE_INVALID'],
  );

  const claimless = await verified(where, where.pinned, '--key', 'gantry.pub', '-a', 'by=ci');
  assert.deepEqual([claimless.code, claimless.error.code], [4, 'POLICY_CLAIMS']);

  const text = await gantry(['verify', where.pinned, '--key', 'other.pub'], where.options);
  assert.equal(text.out, '');
  assert.match(text.err, /^does not count: sha256:[0-9a-f]{12}: .* \(SIGNATURE_INVALID\)\nerror: /);
});

test('C1: a registry that cannot be asked is exit code 3, and nothing is accepted', async (t) => {
  const where = await signingPlace(t);
  await signed(where);
  const offline = await gantry(['verify', where.pinned, '--key', 'gantry.pub', '--offline', '--json'], where.options);
  assert.deepEqual([offline.code, offline.out], [3, '']);
  assert.match(offline.err, /REGISTRY_OFFLINE/);
  await where.registry.close();
  const gone = await gantry(['verify', where.pinned, '--key', 'gantry.pub', '--json'], where.options);
  assert.deepEqual([gone.code, gone.out], [3, '']);
});

test('several keys: any of them may have signed', async (t) => {
  const where = await signingPlace(t);
  await gantry(['key', 'generate', '--output', 'other'], where.options);
  await signed(where, '-a', 'by=ci');
  const keys = ['--key', 'other.pub', '--key', 'gantry.pub'];
  assert.equal((await verified(where, where.pinned, ...keys, '-a', 'by=ci')).code, 0);
});

test('verify by identity: signer, log entry, time and trust root; exactly, or by patterns of the whole', async (t) => {
  const where = await keylessPlace(t);
  const sign = await gantry(['sign', where.pinned, ...where.flags, '--identity-token', where.token], where.options);
  assert.equal(sign.code, 0, sign.err);
  const { document } = await verified(where, where.pinned, ...BY_IDENTITY);
  const [signer] = document.signers;
  assert.equal(document.accepted, true);
  assert.equal(signer?.['identity'], IDENTITY);
  assert.equal(signer?.['issuer'], ISSUER);
  assert.equal(signer?.['logVerified'], true);
  assert.equal(signer?.['timeSource'], 'tsa');
  assert.match(String(signer?.['logIndex']), /^\d+$/);
  assert.ok(!Number.isNaN(Date.parse(String(signer?.['time']))));
  assert.match(String(document.trustRootDigest), /^sha256:/);
  const { out } = await gantry(['verify', where.pinned, ...BY_IDENTITY], where.options);
  assert.match(out, /^log +entry \d+$/m);
  assert.match(out, /^time +\d{4}-.*, from a timestamp authority$/m);

  const root = ['--trusted-root', 'root.json'];
  const cases: readonly (readonly [string, string, string, string, string | undefined])[] = [
    ['--certificate-identity', `${IDENTITY}x`, '--certificate-oidc-issuer', ISSUER, 'POLICY_IDENTITY'],
    ['--certificate-identity', IDENTITY, '--certificate-oidc-issuer', `${ISSUER}/`, 'POLICY_IDENTITY'],
    ['--certificate-identity-regexp', 'https://github\\.com/acme/.*', '--certificate-oidc-issuer', ISSUER, undefined],
    ['--certificate-identity-regexp', 'acme', '--certificate-oidc-issuer', ISSUER, 'POLICY_IDENTITY'],
    ['--certificate-identity', IDENTITY, '--certificate-oidc-issuer-regexp', 'https://token.*', undefined],
    ['--certificate-identity', IDENTITY, '--certificate-oidc-issuer-regexp', 'token', 'POLICY_IDENTITY'],
  ];
  for (const [identity, who, issuer, by, code] of cases) {
    const result = await gantry(['verify', where.pinned, identity, who, issuer, by, ...root], where.options);
    assert.equal(result.code, code === undefined ? 0 : 4, result.err);
    if (code !== undefined) assert.ok(result.err.includes(`(${code})`), result.err);
    const hinted = /^hint: --certificate-[a-z-]+-regexp has to match the whole text/m.test(result.err);
    assert.equal(hinted, `${identity} ${issuer}`.includes('regexp'), result.err);
  }
});

test('C9: a trust root that did not vouch for the signer refuses, and TUF is asked for neither a file nor a key', async (t) => {
  const where = await keylessPlace(t);
  await gantry(['sign', where.pinned, ...where.flags, '--identity-token', where.token], where.options);
  await writeFile(join(where.cwd, 'root.json'), JSON.stringify(sigstoreLab().trustedRoot));
  const foreign = await verified(where, where.pinned, ...BY_IDENTITY);
  assert.equal(foreign.code, 4);
  assert.match(foreign.error.code, /^SIGNATURE_/);
  const absent = await gantry(
    ['verify', where.pinned, ...BY_IDENTITY.slice(0, 4), '--trusted-root', 'absent.json'],
    where.options,
  );
  assert.equal(absent.code, 2, absent.err);
  assert.match(absent.err, /absent\.json/);
});

test('--log, --timestamp and --no-ct say what a signature needs', async (t) => {
  const where = await signingPlace(t);
  const lab = sigstoreLab({ ct: false });
  await writeFile(join(where.cwd, 'root.json'), JSON.stringify(lab.trustedRoot));
  await using transport = openTransport();
  await using repository = openRepository(where.ref, transport);
  const subject = await repository.resolve(parseReference(where.pinned));
  const bundle = lab.signBundle(subject.digest, { identity: githubIdentity(), log: 'none', tsa: true });
  await attachBundle(repository, subject, bundle);
  const cases: readonly (readonly [readonly string[], number])[] = [
    [[], 4],
    [['--no-ct'], 4],
    [['--log', 'none'], 4],
    [['--no-ct', '--log', 'none'], 0],
    [['--no-ct', '--log', 'none', '--timestamp', 'tsa'], 0],
    [['--no-ct', '--timestamp', 'log'], 4],
  ];
  for (const [more, code] of cases) {
    const result = await gantry(['verify', where.pinned, ...BY_IDENTITY, ...more], where.options);
    assert.equal(result.code, code, `${more.join(' ')}: ${result.err}`);
  }
});

test('an index without anything for this machine is verified; --subject platform needs the platform', async (t) => {
  const where = await signingPlace(t);
  const { digest } = await gantryJson<{ digest: string }>(
    ['push', `${where.ref}:2`, '--platform', 'plan9/arm=hello.sh', '--platform', 'plan9/386=hello.sh'],
    where.options,
  );
  const ref = `${where.ref}@${digest}`;
  await gantry(['sign', ref, '--key', 'gantry.key'], where.options);
  const index = await verified(where, ref, '--key', 'gantry.pub');
  assert.deepEqual([index.code, index.document.signed], [0, 'index']);
  const here = await gantry(['verify', ref, '--key', 'gantry.pub', '--subject', 'platform'], where.options);
  assert.equal(here.code, 4);
  assert.match(here.err, /CONTENT_NO_PLATFORM/);
  const there = await verified(where, ref, '--key', 'gantry.pub', '--subject', 'platform', '--platform', 'plan9/arm');
  assert.deepEqual([there.code, there.error.code], [4, 'SIGNATURE_MISSING']);
});

test('flags that ask for nothing or do not fit together are mistakes, before anything is asked', async (t) => {
  const where = await signingPlace(t);
  where.registry.log.clear();
  const identity = ['--certificate-identity', IDENTITY];
  const issuer = ['--certificate-oidc-issuer', ISSUER];
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /verify wants a reference, or --installed/],
    [[where.pinned, '--log', 'none'], /nothing says who has to have signed/],
    [[where.pinned, '--no-ct'], /nothing says who has to have signed/],
    [[where.pinned, ...identity], /--certificate-oidc-issuer is missing/],
    [[where.pinned, ...issuer], /--certificate-identity is missing/],
    [[where.pinned, ...identity, '--certificate-identity-regexp', 'x', ...issuer], /one of them is meant/],
    [[where.pinned, ...issuer, '--certificate-identity-regexp', '('], /not a regular expression in RE2 syntax/],
    [[where.pinned, ...issuer, '--certificate-identity', '*'], /compared exactly/],
    [[where.pinned, ...identity, ...issuer, '--key', 'gantry.pub'], /not both/],
    [[where.pinned, '--key', 'gantry.pub', '--no-ct'], /keys have none/],
    [[where.pinned, '--key', 'gantry.pub', '--log', 'required'], /needs a trustRoot/],
    [[where.pinned, '--key', 'gantry.pub', '--key', 'gantry.pub'], /the same key/],
    [[where.pinned, '--key', 'gantry.pub', '-a', 'env=test', '-a', 'env=production'], /env is there twice/],
    [['a', '--installed', 'b'], /--installed takes one name/],
    [['--installed', '--key', 'gantry.pub'], /gantry\.yaml decides about what is installed/],
  ];
  for (const [args, said] of cases) {
    const { code, out, err } = await gantry(['verify', ...args], where.options);
    assert.deepEqual([code, out], [2, ''], err);
    assert.match(err, said);
    assert.match(err, /\(CONFIG_USAGE\)/);
  }
  const secret = await gantry(['verify', where.pinned, '--key', 'gantry.key'], where.options);
  assert.equal(secret.code, 2);
  assert.match(secret.err, /expected a public key, found a private key.*\(CONFIG_KEY_INVALID\)/);
  assert.equal(where.registry.log.count(), 0);
});

test('without flags gantry.yaml decides: by its trust entries, else that a digest is named', async (t) => {
  const where = await signingPlace(t);
  const tag = `${where.ref}:1.0`;
  const unpinned = await verified(where, tag);
  assert.deepEqual([unpinned.code, unpinned.error.code], [4, 'POLICY_UNPINNED']);
  const { err } = await gantry(['verify', tag], where.options);
  assert.match(err, /hint: say who has to have signed it: --key, /);
  assert.doesNotMatch(err, /--allow-unsigned/);
  const pinned = await verified(where, where.pinned);
  assert.deepEqual(
    [pinned.code, pinned.document.policy, pinned.document.signed],
    [0, { source: 'default', clause: 'digest' }, null],
  );
  assert.match((await gantry(['verify', where.pinned], where.options)).out, /accepted, and nobody has signed it/);

  await trust(where, 'keys: { file: gantry.pub }');
  assert.equal((await verified(where, tag)).error.code, 'SIGNATURE_MISSING');
  await signed(where);
  const { code, document } = await verified(where, tag);
  assert.deepEqual(
    [code, document.policy],
    [0, { source: `${join(where.cwd, 'gantry.yaml')}: trust[0]`, clause: 'cosign' }],
  );
});

test('--installed judges again without network; list, why and run say who signed and how old the verdict is', async (t) => {
  const where = await signingPlace(t);
  const { options, ref, id } = where;
  assert.deepEqual(await gantryJson(['verify', '--installed'], options), { schemaVersion: 1, plugins: [] });
  await trust(where, 'keys: { file: gantry.pub }');
  await signed(where);
  assert.equal((await gantry(['install', `${ref}:1.0`], options)).code, 0);
  await gantry(['install', './hello.sh', '--name', 'mine'], options);
  where.registry.log.clear();

  const all = await gantryJson<{ plugins: (VerifyDocument & { name: string; judgedAt: string })[] }>(
    ['verify', '--installed'],
    options,
  );
  assert.deepEqual(
    all.plugins.map(({ name, accepted, policy }) => [name, accepted, policy.clause]),
    [
      ['hello', true, 'cosign'],
      ['mine', true, 'local'],
    ],
  );
  assert.equal(all.plugins[0]?.signers[0]?.['key'], id);
  assert.ok(!Number.isNaN(Date.parse(all.plugins[0]?.judgedAt ?? '')));
  for (const args of [
    ['--installed', 'mine'],
    ['mine', '--installed'],
  ]) {
    const { out } = await gantry(['verify', ...args], options);
    assert.match(out, /^NAME .*\nmine +accepted \(local\) +unsigned +\d.* ago +sha256:/);
    assert.ok(!out.includes('hello'));
  }
  const short = id.slice(0, 'sha256:'.length + 12);
  const { out: listed } = await gantry(['list'], options);
  assert.match(listed, new RegExp(`hello +executable +cosign \\(key ${short} \\(gantry.pub\\), judged .* ago\\)`));
  const why = await gantryJson<{ verdict: VerifyDocument & { signer: string } }>(['why', 'hello'], options);
  assert.equal(why.verdict.signer, `key ${id} (gantry.pub)`);
  assert.equal(why.verdict.signers[0]?.['key'], id);
  assert.equal(why.verdict.signed, 'platform');
  assert.match((await gantry(['why', 'hello'], options)).out, /^judged +\S+, .* ago\n.*signed +platform$/ms);
  assert.equal((await gantry(['run', 'hello', '--offline'], options)).code, 0);

  await gantry(['key', 'generate', '--output', 'other'], options);
  await trust(where, 'keys: { file: other.pub }');
  const refused = await gantry(['verify', '--installed', '--json'], options);
  assert.equal(refused.code, 4);
  const [hello, mine] = JSON.parse(refused.out).plugins;
  assert.deepEqual([hello.accepted, hello.error.code, mine.accepted], [false, 'SIGNATURE_INVALID', true]);
  assert.equal(hello.rejected[0].code, 'SIGNATURE_INVALID');
  assert.match(hello.error.message, new RegExp(`^hello \\(${ref}[:@]`));
  assert.equal(hello.error.details.name, 'hello');
  assert.match(refused.err, /hello \(.*none of the keys of the policy/);
  const run = await gantry(['run', 'hello'], options);
  assert.equal(run.code, 4);
  assert.match(run.err, /hello \(.*none of the keys of the policy/);
  assert.equal((await gantry(['verify', '--installed', 'absent'], options)).code, 1);
  assert.equal(where.registry.log.count(), 0);
});

test('C10: what rests on a trust root that is not at hand any more runs, and says so', async (t) => {
  const where = await keylessPlace(t);
  const { options, cwd } = where;
  const tuf = await tufRepository(t, { targets: { 'trusted_root.json': JSON.stringify(where.lab.trustedRoot) } });
  await tuf.rootFile(join(cwd, 'tuf'));
  await gantry(['sign', where.pinned, ...where.flags, '--identity-token', where.token], options);
  const root = `trustRoot: { tuf: { mirror: "${tuf.url}", root: tuf/root.json } }`;
  await trust(where, `keyless: { issuer: "${ISSUER}", identity: "${IDENTITY}" }, ${root}`);
  const installed = await gantry(['install', `${where.ref}:1.0`], options);
  assert.equal(installed.code, 0, installed.err);
  await tuf.close();
  assert.doesNotMatch((await gantry(['run', 'hello'], options)).err, /old verdict/);
  await rm(join(cwd, 'home', 'trust'), { recursive: true });
  const run = await gantry(['run', 'hello'], options);
  assert.equal(run.code, 0, run.err);
  assert.match(run.err, /^hello runs on an old verdict: judged .* ago, stale$/m);
  assert.match((await gantry(['list'], options)).out, /judged .* ago, stale\)/);
});

test('C16: what another initial root of TUF had vouched for does not go on, although nothing of the new one is at hand', async (t) => {
  const where = await keylessPlace(t);
  const { options, cwd } = where;
  const tuf = await tufRepository(t, { targets: { 'trusted_root.json': JSON.stringify(where.lab.trustedRoot) } });
  const file = await tuf.rootFile(join(cwd, 'tuf'));
  await gantry(['sign', where.pinned, ...where.flags, '--identity-token', where.token], options);
  const root = `trustRoot: { tuf: { mirror: "${tuf.url}", root: tuf/root.json } }`;
  await trust(where, `keyless: { issuer: "${ISSUER}", identity: "${IDENTITY}" }, ${root}`);
  const installed = await gantry(['install', `${where.ref}:1.0`], options);
  assert.equal(installed.code, 0, installed.err);
  await tuf.close();
  await writeFile(file, `${tuf.initialRoot}\n`);
  const run = await gantry(['run', 'hello'], options);
  assert.equal(run.code, 4, run.err);
  assert.match(run.err, /hello .*\(SIGNATURE_TRUST_ROOT\)/);
  await writeFile(file, tuf.initialRoot);
  assert.equal((await gantry(['run', 'hello'], options)).code, 0, 'the old one is at hand');
});

/** Writes a gantry.yaml with one trust entry for the plugin. */
function trust({ cwd, ref }: SigningPlace, signatures: string): Promise<void> {
  const entry = `{ scope: "${ref}", require: cosign, ${signatures} }`;
  return writeFile(join(cwd, 'gantry.yaml'), `schemaVersion: 1\ntrust: [${entry}]\n`);
}
