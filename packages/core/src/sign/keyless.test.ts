import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { digestOf, memoryRepository, type OpEvent, type Repository } from '@gantry/oci';
import {
  type LabServices,
  type LogEntryJson,
  type ServeLabOptions,
  type ServiceRequest,
  type SigningConfigOptions,
  type SigstoreLab,
  sigstoreLab,
} from '@gantry/testkit';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import type { LoadedTrustRoot } from '../trust/material/trust-root.ts';
import { findIdentityToken, identityToken } from './identity-token.ts';
import { openKeylessSigner } from './keyless-signer.ts';
import { type SignOptions, signArtifact, type WrittenSignature } from './sign-artifact.ts';
import { bundlesOf, freshSigner, publishOne, signatureImageOf, testTransport } from './signing.fixture.ts';
import { parseSigningConfig } from './signing-config.ts';
import type { Witnesses } from './witness-signature.ts';

const EMAIL = 'alice@example.com';

interface World {
  readonly lab: SigstoreLab;
  readonly services: LabServices;
  readonly repository: Repository;
  readonly witnesses: Witnesses;
  readonly trustRoot: LoadedTrustRoot;
  readonly warnings: string[];
  sign(options?: Partial<SignOptions>): Promise<readonly WrittenSignature[]>;
  /** Whether anything is published that was not before. */
  unsigned(): Promise<boolean>;
}

async function world(t: TestContext, config: SigningConfigOptions = {}, serve: ServeLabOptions = {}): Promise<World> {
  const lab = sigstoreLab({ rekorV1Host: '127.0.0.1', rekorV2Host: '127.0.0.1' });
  const services = await lab.serve(t, serve);
  const transport = testTransport(t);
  const witnesses = { transport, config: parseSigningConfig(JSON.stringify(services.signingConfig(config)), 'lab') };
  const repository = memoryRepository('registry.example/team/app');
  const subject = await publishOne(repository);
  const warnings: string[] = [];
  const onEvent = (event: OpEvent): void => void (event.type === 'warning' && warnings.push(event.message));
  const token = identityToken(lab.token({ email: EMAIL }));
  const trustRoot: LoadedTrustRoot = {
    digest: digestOf(Buffer.from('lab')),
    name: 'lab',
    root: TrustedRoot.fromJSON(lab.trustedRoot),
    stale: false,
  };
  return {
    lab,
    services,
    repository,
    witnesses,
    trustRoot,
    warnings,
    sign: async (options = {}) => {
      const signer = options.signer ?? (await openKeylessSigner({ token, ...witnesses }, { onEvent }));
      return signArtifact(repository, subject, { signer, witnesses, trustRoot, ...options }, { onEvent });
    },
    unsigned: async () =>
      (await bundlesOf(repository, subject)).length === 0 &&
      (await signatureImageOf(repository, subject)) === undefined,
  };
}

const paths = (requests: readonly ServiceRequest[]): string[] => requests.map(({ path }) => path.replace(/^\/+/, ''));

const CERTIFICATE = 'api/v2/signingCert';
const STAMP = 'api/v1/timestamp';
const LOG1 = 'api/v1/log/entries';
const LOG2 = 'api/v2/log/entries';

const ways: readonly {
  readonly name: string;
  readonly config: SigningConfigOptions;
  readonly format: 'bundle' | 'cosign-v2';
  readonly asked: readonly string[];
  readonly logIndex: string;
}[] = [
  { name: 'Rekor 2 and a timestamp', config: {}, format: 'bundle', asked: [STAMP, LOG2], logIndex: '0' },
  { name: 'Rekor 1 and a timestamp', config: { rekor: 1 }, format: 'bundle', asked: [STAMP, LOG1], logIndex: '1000' },
  { name: 'Rekor 1 alone', config: { rekor: 1, tsa: false }, format: 'bundle', asked: [LOG1], logIndex: '1000' },
  { name: 'Rekor 2 rather than 1', config: { rekor: [1, 2] }, format: 'bundle', asked: [STAMP, LOG2], logIndex: '0' },
  { name: 'Rekor 1', config: { rekor: [2, 1] }, format: 'cosign-v2', asked: [STAMP, LOG1], logIndex: '1000' },
];

for (const { name, config, format, asked, logIndex } of ways) {
  test(`keyless ${format} with ${name} is what the judge accepts`, async (t) => {
    const { services, sign } = await world(t, config);
    const [written] = await sign({ format });
    assert.deepEqual(paths(services.requests), [CERTIFICATE, ...asked]);
    assert.equal(written?.signer, EMAIL);
    assert.equal(written?.logIndex, logIndex);
    assert.match(written?.timestamp ?? '', /^20\d\d-.*Z$/);
  });
}

test('a log is not asked where the signing configuration lists none', async (t) => {
  const { services, sign, trustRoot } = await world(t, { rekor: 'none' });
  const [written] = await sign({ trustRoot });
  assert.deepEqual(paths(services.requests), [CERTIFICATE, STAMP]);
  assert.equal(written?.logIndex, undefined);
});

test('keyless cosign-v2 without Rekor 1 has a timestamp alone, and says so', async (t) => {
  const { services, sign, warnings } = await world(t, { rekor: 2 });
  const [written] = await sign({ format: 'cosign-v2' });
  assert.deepEqual(paths(services.requests), [CERTIFICATE, STAMP]);
  assert.equal(written?.logIndex, undefined);
  assert.deepEqual(warnings, [
    'signatures of format cosign-v2 need Rekor 1, which lab does not offer: they are in no log',
  ]);
});

test('without anything that tells the time nothing is asked of anybody but for the certificate', async (t) => {
  for (const [config, format] of [
    [{ rekor: 2, tsa: false }, 'bundle'],
    [{ rekor: 2, tsa: false }, 'cosign-v2'],
    [{ rekor: 'none', tsa: false }, 'bundle'],
  ] as const) {
    const { services, sign, unsigned } = await world(t, config);
    await assert.rejects(sign({ format }), { code: 'CONFIG_SIGNING_SERVICE', message: /when a certificate was used/ });
    assert.deepEqual(paths(services.requests), [CERTIFICATE]);
    assert.ok(await unsigned());
  }
});

test('a certificate without any services is refused before anything is signed', async (t) => {
  const { lab, repository, unsigned } = await world(t);
  const certificate = lab.certificate();
  const signer = { ...(await freshSigner()), certificate: certificate.der };
  const subject = await publishOne(repository);
  await assert.rejects(signArtifact(repository, subject, { signer }), { code: 'CONFIG_SIGNING_SERVICE' });
  assert.ok(await unsigned());
});

test('a key is logged and stamped where services are named', async (t) => {
  const { services, sign } = await world(t);
  const signer = await freshSigner();
  const [first] = await sign({ signer });
  const [second] = await sign({ signer });
  assert.deepEqual(paths(services.requests), [STAMP, LOG2, STAMP, LOG2]);
  assert.deepEqual([first?.logIndex, second?.logIndex], ['0', '1'], 'each is a new entry of its own');
  assert.equal(first?.signer, signer.keyId);
});

test('keys whose signatures a log does not take are refused', async (t) => {
  const { generateKeyPairSync } = await import('node:crypto');
  const ed25519 = await freshSigner(generateKeyPairSync('ed25519'));
  const p384 = await freshSigner(generateKeyPairSync('ec', { namedCurve: 'P-384' }));
  const two = await world(t);
  await assert.rejects(two.sign({ signer: ed25519 }), { code: 'CONFIG_KEY_INVALID', message: /Ed25519/ });
  assert.equal((await two.sign({ signer: p384 }))[0]?.logIndex, '0');
  const one = await world(t, { rekor: 1 });
  await assert.rejects(one.sign({ signer: p384 }), { code: 'CONFIG_KEY_INVALID', message: /P-384/ });
  assert.ok(await one.unsigned());
});

test('an entry that Rekor 1 has already is fetched', async (t) => {
  const { generateKeyPairSync } = await import('node:crypto');
  const signer = await freshSigner(generateKeyPairSync('rsa', { modulusLength: 2048 }));
  const { services, sign } = await world(t, { rekor: 1, tsa: false });
  const [first] = await sign({ signer });
  const [again] = await sign({ signer });
  assert.equal(again?.logIndex, first?.logIndex);
  assert.match(paths(services.requests).at(-1) ?? '', /^api\/v1\/log\/entries\/[0-9a-f]+$/);
});

test('A11: the identity token goes to the certificate authority and nowhere else, and into no error', async (t) => {
  const seen: string[] = [];
  const { services, sign, lab } = await world(t, { rekor: [1, 2], rekorSelector: { selector: 'ALL' } });
  await sign({ format: 'both' });
  for (const { path, headers, body } of services.requests) {
    if (/ey[\w-]+\.ey/.test(inspect(headers) + body.toString())) seen.push(path);
  }
  assert.deepEqual(seen, [`/${CERTIFICATE}`]);
  const echoing = await world(
    t,
    {},
    { answer: ({ headers }) => ({ status: 400, body: `no: ${String(headers['authorization'])}` }) },
  );
  const token = identityToken(lab.token({ email: EMAIL }));
  const failure = await openKeylessSigner({ token, ...echoing.witnesses }).catch((error: unknown) => error);
  assert.match(inspect(failure), /REGISTRY_PROTOCOL/);
  assert.ok(!inspect(failure, { depth: 9 }).includes(token.value));
});

/** What a service that lies answers, by the path that it lies at. */
const lies: readonly {
  readonly name: string;
  readonly path: RegExp;
  readonly answer: (lab: SigstoreLab) => string | Buffer;
  readonly config?: SigningConfigOptions;
}[] = [
  {
    name: 'a certificate for another key',
    path: /signingCert/,
    answer: (lab) => chainOf(lab.certificate().pem),
  },
  {
    name: 'the certificate of an authority',
    path: /signingCert/,
    answer: (lab) => chainOf(lab.pem.fulcioRoot),
  },
  { name: 'no certificate', path: /signingCert/, answer: () => chainOf('') },
  { name: 'no JSON as a certificate', path: /signingCert/, answer: () => 'hello' },
  { name: 'a timestamp for something else', path: /timestamp/, answer: (lab) => lab.timestamp(Buffer.from('other')) },
  { name: 'no timestamp', path: /timestamp/, answer: () => 'hello' },
  {
    name: 'an entry about something else in Rekor 2',
    path: /v2\/log/,
    answer: (lab) => JSON.stringify(otherEntry(lab, 'v2')),
  },
  { name: 'an empty entry in Rekor 2', path: /v2\/log/, answer: () => '{}' },
  {
    name: 'an empty entry in Rekor 1',
    path: /v1\/log/,
    config: { rekor: 1 },
    answer: () => '{}',
  },
  {
    name: 'two entries in Rekor 1',
    path: /v1\/log/,
    config: { rekor: 1 },
    answer: () => '{"a":{},"b":{}}',
  },
  {
    name: 'an entry about something else in Rekor 1',
    path: /v1\/log/,
    config: { rekor: 1 },
    answer: (lab) => JSON.stringify({ a: otherEntryV1(lab) }),
  },
];

for (const { name, path, answer, config } of lies) {
  test(`C4: ${name} is refused, and nothing is published`, async (t) => {
    let lab: SigstoreLab | undefined;
    const { sign, unsigned, ...rest } = await world(t, config, {
      answer: (request) => {
        if (lab === undefined || !path.test(request.path)) return undefined;
        return { status: 200, body: answer(lab) };
      },
    });
    lab = rest.lab;
    await assert.rejects(sign({}), { code: 'SIGNATURE_SERVICE', message: /^http:\/\/127\.0\.0\.1/ });
    assert.ok(await unsigned());
  });
}

function chainOf(pem: string): string {
  return JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates: [pem] } } });
}

/** What a log holds about another signature, in the form of bundles. */
function otherEntry(lab: SigstoreLab, log: 'v1' | 'v2'): LogEntryJson {
  const { json } = lab.signBundle(digestOf(Buffer.from('other')), { log });
  const [entry] = json.verificationMaterial?.tlogEntries ?? [];
  assert.ok(entry);
  return entry;
}

function otherEntryV1(lab: SigstoreLab): object {
  const entry = otherEntry(lab, 'v1');
  const hex = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('hex');
  const { inclusionProof: proof } = entry;
  return {
    body: entry.canonicalizedBody,
    integratedTime: Number(entry.integratedTime),
    logID: hex(entry.logId?.keyId),
    logIndex: Number(entry.logIndex ?? 0),
    verification: {
      signedEntryTimestamp: entry.inclusionPromise?.signedEntryTimestamp,
      inclusionProof: {
        checkpoint: proof?.checkpoint?.envelope,
        hashes: (proof?.hashes ?? []).map(hex),
        logIndex: Number(proof?.logIndex ?? 0),
        rootHash: hex(proof?.rootHash),
        treeSize: Number(proof?.treeSize),
      },
    },
  };
}

test('a service whose word the trust root does not confirm publishes nothing', async (t) => {
  const { sign, unsigned, trustRoot } = await world(t);
  const stranger = sigstoreLab();
  const without = (change: Partial<TrustedRoot>): LoadedTrustRoot => ({
    ...trustRoot,
    root: { ...trustRoot.root, ...change },
  });
  const strange = TrustedRoot.fromJSON(stranger.trustedRoot);
  const roots: readonly (readonly [string, LoadedTrustRoot])[] = [
    ['SIGNATURE_CERTIFICATE', without({ certificateAuthorities: strange.certificateAuthorities })],
    ['SIGNATURE_LOG', without({ tlogs: strange.tlogs })],
    ['SIGNATURE_TIME', without({ timestampAuthorities: strange.timestampAuthorities })],
  ];
  for (const [code, root] of roots) {
    await assert.rejects(sign({ trustRoot: root }), { code });
    assert.ok(await unsigned());
  }
});

test('GitHub Actions has the token for its own jobs, for the audience of Sigstore', async (t) => {
  const run = { repository: 'acme/tool', ref: 'refs/tags/v2.0.0' };
  const { services, witnesses, sign } = await world(t, {}, { actions: { github: run } });
  const env = services.actionsEnvironment;
  const token = await findIdentityToken(undefined, { env }, () => witnesses.transport);
  assert.match(services.requests[0]?.path ?? '', /[?&]audience=sigstore(&|$)/);
  const [written] = await sign({ signer: await openKeylessSigner({ token, ...witnesses }) });
  assert.equal(written?.signer, 'https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v2.0.0');
});

test('a token is taken from the argument, else from SIGSTORE_ID_TOKEN, else there is none', async (t) => {
  const { lab, witnesses } = await world(t);
  const tokens = ['a@example.com', 'b@example.com'].map((email) => lab.token({ email }));
  const [given, fromEnvironment = ''] = tokens;
  const env = { SIGSTORE_ID_TOKEN: fromEnvironment };
  const subject = async (text: string | undefined, variables: Record<string, string>): Promise<string> =>
    (await findIdentityToken(text, { env: variables }, () => witnesses.transport)).subject;
  assert.equal(await subject(given, env), 'a@example.com');
  assert.equal(await subject(undefined, env), 'b@example.com');
  await assert.rejects(subject(undefined, {}), { code: 'CONFIG_IDENTITY_TOKEN' });
  await assert.rejects(
    subject(undefined, { ACTIONS_ID_TOKEN_REQUEST_URL: 'no url', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x' }),
    {
      code: 'CONFIG_IDENTITY_TOKEN',
    },
  );
});

test('an identity token is read without showing it, and names its subject as Fulcio does', () => {
  const token = (claims: object): string =>
    `aGVhZGVy.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
  assert.equal(identityToken(token({ email: 'a@b.c', email_verified: true, sub: 's' })).subject, 'a@b.c');
  assert.equal(identityToken(token({ email: 'a@b.c', email_verified: 'true', sub: 's' })).subject, 'a@b.c');
  assert.equal(identityToken(token({ email: 'a@b.c', email_verified: false, sub: 's' })).subject, 's');
  assert.equal(identityToken(`  ${token({ sub: 's' })}\n`).subject, 's');
  const bad = [
    '',
    'canary',
    'a.canary.c',
    token({}),
    token({ sub: 7 }),
    `a.${Buffer.from('canary').toString('base64url')}.c`,
  ];
  for (const text of bad) {
    assert.throws(
      () => identityToken(text),
      (error: unknown) => {
        assert.match(inspect(error), /CONFIG_IDENTITY_TOKEN/);
        assert.doesNotMatch(inspect(error, { depth: 9 }), /canary/);
        return true;
      },
    );
  }
});
