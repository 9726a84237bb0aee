import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sigstoreLab, tufRepository } from '@gantry/testkit';
import { gantry, gantryJson } from '../run-main.fixture.ts';
import { ISSUER, signingPlace } from '../signing-place.fixture.ts';

interface Facts {
  readonly digest: string;
  readonly checked: string;
  readonly expires: string;
  readonly versions: Readonly<Record<string, number>>;
}

interface UpdateDocument {
  readonly roots: readonly {
    readonly name: string;
    readonly changed: boolean;
    readonly before: Facts | null;
    readonly after: Facts;
  }[];
}

test('trust explain prints the policy for a reference and where each part of it stands, and asks nobody', async (t) => {
  const { options, ref, cwd, id, registry } = await signingPlace(t);
  const host = registry.address;
  const entries = [
    `{ scope: "${host}", require: digest }`,
    `{ scope: "${host}/acme/", require: cosign, keys: { file: gantry.pub }, subject: index, claims: { by: ci } }`,
  ];
  await writeFile(join(cwd, 'gantry.yaml'), `schemaVersion: 1\ntrust: [${entries.join(', ')}]\n`);
  registry.log.clear();
  const source = `${join(cwd, 'gantry.yaml')}: trust[1]`;
  const document = await gantryJson(['trust', 'explain', `oci://${ref}:1.0`], options);
  assert.deepEqual(document, {
    schemaVersion: 1,
    name: ref,
    configuration: join(cwd, 'gantry.yaml'),
    policyDigest: document['policyDigest'],
    fallback: 'digest',
    clauses: [
      {
        scope: `${host}/acme/`,
        require: 'cosign',
        source,
        settings: [
          { name: 'keys', value: [{ id, name: 'gantry.pub' }], source },
          { name: 'threshold', value: 1, source: 'default' },
          { name: 'log', value: 'none', source: 'default' },
          { name: 'timestamp', value: 'none', source: 'default' },
          { name: 'ct', value: 'none', source: 'default' },
          { name: 'subject', value: 'index', source },
          { name: 'claims', value: { by: 'ci' }, source },
          { name: 'trustRoot', value: 'none', source: 'default' },
        ],
        trustRoot: null,
        outranked: [{ scope: host, source: `${join(cwd, 'gantry.yaml')}: trust[0]` }],
      },
    ],
  });
  const { out } = await gantry(['trust', 'explain', ref], options);
  assert.match(out, new RegExp(`^ {2}keys +${id} gantry.pub +.*gantry.yaml: trust\\[1\\]$`, 'm'));
  assert.match(out, /^ {2}log +none +default$/m);
  assert.match(out, /^ {2}claims +\{"by":"ci"\} +.*gantry.yaml: trust\[1\]$/m);
  assert.equal(registry.log.count(), 0);
});

test('trust explain gives each signer a row of its own', async (t) => {
  const { options, ref, cwd } = await signingPlace(t);
  const identities = ['a', 'b'].map((name) => `{ issuer: "https://id.example", identity: ${name}@example.com }`);
  const entry = `{ scope: "${ref}", require: cosign, keyless: [${identities.join(', ')}] }`;
  await writeFile(join(cwd, 'gantry.yaml'), `schemaVersion: 1\ntrust: [${entry}]\n`);
  const { out } = await gantry(['trust', 'explain', ref], options);
  const rows = out.match(/^ {2}keyless .*/gm)?.map((row) => /\w@example\.com/.exec(row)?.[0]);
  assert.deepEqual(rows, ['a@example.com', 'b@example.com']);
});

test('trust explain without a trust entry prints what holds then', async (t) => {
  const { options, ref } = await signingPlace(t);
  const document = await gantryJson(['trust', 'explain', ref], options);
  assert.deepEqual([document['configuration'], document['clauses']], [null, []]);
  assert.match(
    (await gantry(['trust', 'explain', ref], options)).out,
    /^entry +digest: no trust entry matches +default$/m,
  );
  const short = await gantry(['trust', 'explain', 'hello'], options);
  assert.match(short.err, /hello was read as docker\.io\/library\/hello.*gantry why hello/);
  const bad = await gantry(['trust', 'explain', 'UPPER/x:'], options);
  assert.equal(bad.code, 2);
});

test('trust update asks the TUF repositories of gantry.yaml, each once, and prints before and after', async (t) => {
  const { options, ref, cwd } = await signingPlace(t);
  const target = () => ({ 'trusted_root.json': JSON.stringify(sigstoreLab().trustedRoot) });
  const tuf = await tufRepository(t, { targets: target() });
  await tuf.rootFile(cwd);
  const root = `trustRoot: { tuf: { mirror: "${tuf.url}", root: root.json } }`;
  const keyless = `require: cosign, keyless: { issuer: "${ISSUER}", identity: a@example.com }`;
  const entry = (scope: string) => `{ scope: "${scope}", ${keyless}, ${root} }`;
  await writeFile(join(cwd, 'gantry.yaml'), `schemaVersion: 1\ntrust: [${entry(ref)}, ${entry('ghcr.io/acme')}]\n`);

  const explain = async () => {
    const { clauses } = await gantryJson<{ clauses: { trustRoot: Record<string, unknown> }[] }>(
      ['trust', 'explain', ref],
      options,
    );
    return clauses[0]?.trustRoot;
  };
  assert.deepEqual(await explain(), { type: 'tuf', name: null, digest: null, stale: null });
  assert.equal(tuf.requests.length, 0);

  const update = () => gantryJson<UpdateDocument>(['trust', 'update'], options);
  const [first, ...others] = (await update()).roots;
  assert.equal(others.length, 0);
  assert.deepEqual([first?.name, first?.changed, first?.before], [tuf.url, true, null]);
  assert.equal(first?.after.versions['timestamp'], 1);
  assert.ok(Date.parse(first?.after.expires ?? '') > Date.now());

  const [same] = (await update()).roots;
  assert.equal(same?.changed, false);
  assert.equal(same?.before?.digest, first?.after.digest);

  tuf.publish({ targets: target() });
  const { out } = await gantry(['trust', 'update'], options);
  assert.match(out, /: changed: sha256:[0-9a-f]{12}, confirmed \S+ -> sha256:[0-9a-f]{12}, good until \S+\n$/);
  const explained = await explain();
  assert.notEqual(explained?.['digest'], first?.after.digest);
  assert.equal(explained?.['stale'], false);
  assert.ok(!Number.isNaN(Date.parse(String(explained?.['checked']))));
});

test('C10: a TUF repository that fails does not keep the others from being asked; an older one changes nothing', async (t) => {
  const { options, cwd } = await signingPlace(t);
  const good = await tufRepository(t, { targets: { 'trusted_root.json': JSON.stringify(sigstoreLab().trustedRoot) } });
  const bad = await tufRepository(t, { targets: { 'trusted_root.json': JSON.stringify(sigstoreLab().trustedRoot) } });
  const entries: string[] = [];
  for (const [name, { url, rootFile }] of Object.entries({ bad, good })) {
    await mkdir(join(cwd, name));
    await rootFile(join(cwd, name));
    const root = `trustRoot: { tuf: { mirror: "${url}", root: ${name}/root.json } }`;
    entries.push(
      `{ scope: ghcr.io/${name}, require: cosign, keyless: { issuer: "${ISSUER}", identity: a@example.com }, ${root} }`,
    );
  }
  await writeFile(join(cwd, 'gantry.yaml'), `schemaVersion: 1\ntrust: [${entries.join(', ')}]\n`);
  const old = bad.state();
  bad.publish({ targets: { 'trusted_root.json': JSON.stringify(sigstoreLab().trustedRoot) } });
  assert.equal((await gantry(['trust', 'update'], options)).code, 0);
  bad.restore(old);
  const { code, out, err } = await gantry(['trust', 'update', '--json'], options);
  assert.equal(code, 4, err);
  assert.deepEqual(
    (JSON.parse(out) as UpdateDocument).roots.map(({ name }) => name),
    [good.url],
  );
  assert.match(err, /SIGNATURE_TRUST_ROOT/);
});

test('trust update without a TUF repository asks nobody and says so', async (t) => {
  const { options } = await signingPlace(t);
  const { code, out, err } = await gantry(['trust', 'update'], options);
  assert.deepEqual([code, out], [0, '']);
  assert.match(err, /^no trust entry uses a TUF repository/);
  assert.deepEqual(await gantryJson(['trust', 'update'], options), { schemaVersion: 1, roots: [] });
});
