import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { digestOf } from '@gantry/oci';
import { edited, type SigstoreLab, sigstoreLab, tempDir } from '@gantry/testkit';
import seeds from '@sigstore/tuf/seeds.json' with { type: 'json' };
import { openTrustRoots } from './open-trust-roots.ts';
import { type KeptTrustRoots, type PemParts, PUBLIC_GOOD_MIRROR, type TrustRootSource } from './trust-root.ts';

const REFUSED = { code: 'SIGNATURE_TRUST_ROOT' };

/** Trust roots that must not touch a network, and a directory for files. */
async function machine(t: TestContext): Promise<{ directory: string; roots: KeptTrustRoots }> {
  const directory = await tempDir(t);
  const transport = (): never => assert.fail('a local trust root asked for a network');
  return { directory, roots: openTrustRoots({ directory: join(directory, 'trust'), transport }) };
}

test('no source, no trust root', async (t) => {
  const { roots } = await machine(t);
  const source = { type: 'none' } as const;
  assert.equal(await roots.load(source), undefined);
  assert.equal(await roots.atHand(source), undefined);
  assert.equal(await roots.digestAtHand(source), undefined);
  assert.equal(await roots.update(source), undefined);
  assert.equal(await roots.facts(source), undefined);
});

test('a trusted_root.json is what its bytes are, and needs no network', async (t) => {
  const { directory, roots } = await machine(t);
  const lab = sigstoreLab();
  const path = await lab.trustedRootFile(directory);
  const digest = digestOf(Buffer.from(JSON.stringify(lab.trustedRoot)));
  const source: TrustRootSource = { type: 'file', path };
  const loaded = await roots.load(source);
  assert.deepEqual([loaded?.digest, loaded?.name, loaded?.stale, loaded?.goodUntil], [digest, path, false, undefined]);
  assert.equal(loaded?.root.certificateAuthorities[0]?.certChain?.certificates.length, 2);
  assert.equal(await roots.digestAtHand(source), digest);
  assert.equal(await roots.atHand(source), loaded, 'it is parsed once');
  assert.equal(await roots.update(source), undefined);
  const link = join(directory, 'link.json');
  symlinkSync(path, link);
  assert.equal((await roots.load({ type: 'file', path: link }))?.digest, digest);
  writeFileSync(path, JSON.stringify(sigstoreLab().trustedRoot));
  assert.notEqual(await roots.digestAtHand(source), digest);
});

test('a trust root that cannot be read is told', async (t) => {
  const { directory, roots } = await machine(t);
  for (const path of [join(directory, 'nowhere.json'), directory]) {
    await assert.rejects(roots.load({ type: 'file', path }), { code: 'CONFIG_PATH_UNREADABLE' });
    await assert.rejects(roots.digestAtHand({ type: 'file', path }), { code: 'CONFIG_PATH_UNREADABLE' });
  }
  const path = await sigstoreLab().trustedRootFile(directory);
  const load = (trustRootBytes: number) => roots.load({ type: 'file', path }, { limits: { trustRootBytes } });
  const size = JSON.stringify(sigstoreLab().trustedRoot).length + 200;
  await load(size);
  await assert.rejects(load(100), { code: 'CONFIG_PATH_UNREADABLE', message: /more than 100 bytes/ });
});

test('C13: a trusted_root.json is read strictly', async (t) => {
  const { directory, roots } = await machine(t);
  const path = join(directory, 'trusted_root.json');
  const { trustedRoot } = sigstoreLab();
  const good = JSON.stringify(trustedRoot);
  const change = (place: string, value: unknown): string => JSON.stringify(edited(trustedRoot, place, () => value));
  const cases: Readonly<Record<string, string>> = {
    nothing: '',
    'no JSON': '<html>',
    'a list': '[]',
    null: 'null',
    'a byte after it': `${good} x`,
    'a key twice': good.replace('{', '{"tlogs":[],'),
    'no media type': change('mediaType', undefined),
    'another media type': change('mediaType', 'application/vnd.dev.sigstore.bundle+json;version=0.1'),
    'a later version': change('mediaType', 'application/vnd.dev.sigstore.trustedroot.v0.9+json'),
    'a log that is no list': change('tlogs', {}),
    'nothing in it': JSON.stringify({ mediaType: trustedRoot.mediaType }),
    'no public key': change('tlogs.0.publicKey', undefined),
    'an empty key': change('tlogs.0.publicKey.rawBytes', ''),
    'lenient base64': change('tlogs.0.publicKey.rawBytes', 'AAA=!'),
    base64url: change('ctlogs.0.publicKey.rawBytes', '-_-_'),
    'no log id': change('ctlogs.0.logId', undefined),
    'an unknown kind of key': change('tlogs.0.publicKey.keyDetails', 'MAGIC'),
    'no certificates': change('certificateAuthorities.0.certChain.certificates', []),
    'a number for a certificate': change('timestampAuthorities.0.certChain.certificates.0.rawBytes', 1),
    'an end that is no time': change('certificateAuthorities.0.validFor.end', 'soon'),
    'a start that is no text': change('tlogs.0.publicKey.validFor.start', 5),
  };
  for (const [what, text] of Object.entries(cases)) {
    writeFileSync(path, text);
    await assert.rejects(roots.load({ type: 'file', path }), REFUSED, what);
  }
  for (let length = 0; length < good.length; length += 7) {
    writeFileSync(path, good.slice(0, length));
    await assert.rejects(roots.load({ type: 'file', path }), REFUSED, `cut at ${length}`);
  }
  writeFileSync(path, change('somethingNew', { a: 1 }));
  await roots.load({ type: 'file', path });
});

test('the trust root of the public-good instance is read', async (t) => {
  const { directory, roots } = await machine(t);
  const path = join(directory, 'public.json');
  writeFileSync(path, Buffer.from(seeds[PUBLIC_GOOD_MIRROR].targets['trusted_root.json'], 'base64'));
  const { root } = (await roots.load({ type: 'file', path })) ?? assert.fail();
  assert.ok(root.tlogs.some(({ baseUrl }) => baseUrl === 'https://rekor.sigstore.dev'));
  assert.ok(root.certificateAuthorities.length > 0 && root.ctlogs.length > 0);
});

test('PEM files say what a trusted_root.json says', async (t) => {
  const { directory, roots } = await machine(t);
  const lab = sigstoreLab();
  const source = pemSource(directory, lab);
  const { root, digest } = (await roots.load(source)) ?? assert.fail();
  const { root: expected } =
    (await roots.load({ type: 'file', path: await lab.trustedRootFile(directory) })) ?? assert.fail();
  const chains = (authorities: typeof root.certificateAuthorities) =>
    authorities.map(({ certChain }) => certChain?.certificates.map(({ rawBytes }) => rawBytes.toString('hex')));
  assert.deepEqual(chains(root.certificateAuthorities), chains(expected.certificateAuthorities));
  assert.deepEqual(chains(root.timestampAuthorities), chains(expected.timestampAuthorities));
  const ids = (logs: typeof root.tlogs) =>
    logs.map(({ logId, baseUrl }) => `${logId?.keyId.toString('hex')} ${baseUrl}`);
  for (const id of ids(expected.tlogs)) assert.ok(ids(root.tlogs).includes(id), id);
  assert.deepEqual(
    root.ctlogs.map(({ logId, publicKey }) => [logId?.keyId, publicKey?.rawBytes]),
    expected.ctlogs.map(({ logId, publicKey }) => [logId?.keyId, publicKey?.rawBytes]),
  );
  assert.equal(root.tlogs[0]?.publicKey?.validFor?.start?.getTime(), Date.UTC(2024, 0, 1));
  assert.equal(await roots.digestAtHand(source), digest);
  const elsewhere = pemSource(await tempDir(t), lab);
  assert.equal(await roots.digestAtHand(elsewhere), digest, 'it does not count where the files lie');
  const [rekor] = source.parts.rekor;
  assert.ok(rekor);
  const later = { ...source, parts: { ...source.parts, rekor: [{ ...rekor, start: '2025-01-01T00:00:00Z' }] } };
  assert.notEqual(await roots.digestAtHand(later), digest, 'the time in which they count does');
});

test('the port of a log is no part of its name', async (t) => {
  const { directory, roots } = await machine(t);
  const lab = sigstoreLab();
  const { parts } = pemSource(directory, lab);
  const rekor = parts.rekor.map((part) => ({ ...part, url: `${part.url}:3003` }));
  const { root } = (await roots.load({ type: 'pem', parts: { ...parts, rekor } })) ?? assert.fail();
  assert.ok(root.tlogs.some(({ logId }) => lab.logV2.id.equals(logId?.keyId ?? Buffer.of())));
});

test('PEM files that are something else are refused by what they are', async (t) => {
  const { directory, roots } = await machine(t);
  const lab = sigstoreLab();
  const { fulcio, fulcioRoot, rekorV1, tsa } = lab.pem;
  const reversed = tsa
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .reverse()
    .join('');
  const cases: readonly (readonly [kind: keyof PemParts, text: string, message: RegExp])[] = [
    ['fulcio', '', /expected PEM blocks CERTIFICATE/],
    ['fulcio', rekorV1, /expected PEM blocks CERTIFICATE/],
    ['fulcio', `${fulcio}x`, /expected PEM blocks CERTIFICATE/],
    ['fulcio', fulcio.replace(fulcioRoot, ''), /certificate 1 is not issued by itself/],
    ['fulcio', `${fulcioRoot}${fulcio}`, /certificate 1 is not issued by the certificate after it/],
    [
      'fulcio',
      `${fulcio.replace(fulcioRoot, '')}${sigstoreLab().pem.fulcioRoot}`,
      /not issued by the certificate after/,
    ],
    ['fulcio', tsa, /certificate 1 is not one of an authority/],
    ['tsa', fulcio, /not one for time stamping/],
    ['tsa', reversed, /certificate 1 is not issued/],
    ['rekor', fulcio, /no public key of a log/],
    ['ct', rekorV1 + rekorV1, /no public key of a log/],
  ];
  for (const [kind, text, message] of cases) {
    const path = join(directory, 'part.pem');
    writeFileSync(path, text);
    const parts = { fulcio: [], rekor: [], ct: [], tsa: [], [kind]: [{ path, url: 'https://a.example' }] };
    await assert.rejects(roots.load({ type: 'pem', parts }), { ...REFUSED, message }, `${kind} ${message}`);
  }
  const missing = { fulcio: [{ path: join(directory, 'nowhere.pem') }], rekor: [], ct: [], tsa: [] };
  await assert.rejects(roots.load({ type: 'pem', parts: missing }), { code: 'CONFIG_PATH_UNREADABLE' });
});

/** The parts of a lab as PEM files in a directory. */
function pemSource(directory: string, { pem, logV1, logV2 }: SigstoreLab): Extract<TrustRootSource, { type: 'pem' }> {
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const start = '2024-01-01T00:00:00Z';
  return {
    type: 'pem',
    parts: {
      fulcio: [{ path: file('fulcio.pem', pem.fulcio) }],
      rekor: [
        { path: file('rekor1.pub', pem.rekorV1), url: logV1.baseUrl, start },
        { path: file('rekor2.pub', pem.rekorV2), url: logV2.baseUrl },
      ],
      ct: [{ path: file('ct.pub', pem.ct) }],
      tsa: [{ path: file('tsa.pem', pem.tsa) }],
    },
  };
}
