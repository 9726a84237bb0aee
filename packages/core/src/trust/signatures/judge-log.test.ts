import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BundleOptions,
  certificatePem,
  edited,
  flipped,
  type LogBody,
  labKeyPair,
  publicPem,
  type SigstoreLab,
} from '@gantry/testkit';
import { judgeSignature } from './judge-signature.ts';
import { bundleOf, byKeys, keyless, loaded, NOON, noonLab, question, simpleOf } from './judging.fixture.ts';
import { assertRefused } from './refused.fixture.ts';

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');

/** Changes one place of what is logged. */
const logged =
  (path: string, change: (old: unknown) => unknown): ((body: LogBody) => LogBody) =>
  (body) =>
    edited(body, path, change);

/** Flips a digit of a hexadecimal text. */
const otherHex = (old: unknown): string => String(old).replace(/^./, (digit) => (digit === '0' ? '1' : '0'));

/** Flips a bit in the signature of a checkpoint. */
const otherSignature = (old: unknown): string =>
  String(old).replace(/ ([A-Za-z0-9+/=]+)\n$/, (_, text: string) => ` ${String(flipped(30)(text))}\n`);

const KINDS = {
  'hashedrekord 0.0.1': { log: 'v1', entryKind: 'hashedrekord' },
  'hashedrekord 0.0.2': { log: 'v2', entryKind: 'hashedrekord' },
  'dsse 0.0.1': { log: 'v1', entryKind: 'dsse' },
  'dsse 0.0.2': { log: 'v2', entryKind: 'dsse' },
  'intoto 0.0.2': { log: 'v1', entryKind: 'intoto' },
} as const satisfies Record<string, BundleOptions>;

type Kind = keyof typeof KINDS;

const PLACES: Readonly<Record<Kind, Readonly<Record<'digest' | 'hash' | 'signature' | 'verifier', string>>>> = {
  'hashedrekord 0.0.1': {
    digest: 'spec.data.hash.value',
    hash: 'spec.data.hash.algorithm',
    signature: 'spec.signature.content',
    verifier: 'spec.signature.publicKey.content',
  },
  'hashedrekord 0.0.2': {
    digest: 'spec.hashedRekordV002.data.digest',
    hash: 'spec.hashedRekordV002.data.algorithm',
    signature: 'spec.hashedRekordV002.signature.content',
    verifier: 'spec.hashedRekordV002.signature.verifier',
  },
  'dsse 0.0.1': {
    digest: 'spec.payloadHash.value',
    hash: 'spec.payloadHash.algorithm',
    signature: 'spec.signatures.0.signature',
    verifier: 'spec.signatures.0.verifier',
  },
  'dsse 0.0.2': {
    digest: 'spec.dsseV002.payloadHash.digest',
    hash: 'spec.dsseV002.payloadHash.algorithm',
    signature: 'spec.dsseV002.signatures.0.content',
    verifier: 'spec.dsseV002.signatures.0.verifier',
  },
  'intoto 0.0.2': {
    digest: 'spec.content.payloadHash.value',
    hash: 'spec.content.payloadHash.algorithm',
    signature: 'spec.content.envelope.signatures.0.sig',
    verifier: 'spec.content.envelope.signatures.0.publicKey',
  },
};

/** A verifier in the words of a kind. */
function verifierOf(
  kind: Kind,
  what: { certificate?: Buffer; publicKey?: ReturnType<typeof labKeyPair>['publicKey'] },
): unknown {
  const { certificate, publicKey } = what;
  if (kind.endsWith('0.0.2') && kind !== 'intoto 0.0.2') {
    if (certificate !== undefined) return { x509Certificate: { rawBytes: base64(certificate) } };
    return { publicKey: { rawBytes: publicKey?.export({ type: 'spki', format: 'der' }).toString('base64') } };
  }
  if (certificate !== undefined) return base64(certificatePem(certificate));
  return publicKey === undefined ? '' : base64(publicPem(publicKey));
}

for (const kind of Object.keys(KINDS) as Kind[]) {
  const options = KINDS[kind];
  const places = PLACES[kind];

  test(`C4: an entry ${kind} about something else is refused, with and without a trust root`, async () => {
    const lab = noonLab();
    const key = labKeyPair();
    const other = lab.certificate();
    const wrongKey = labKeyPair().publicKey;
    const hex = kind.endsWith('0.0.1') || kind === 'intoto 0.0.2';
    const twice = (old: unknown): string => base64(String(flipped(20)(Buffer.from(String(old), 'base64').toString())));
    const changes: readonly (readonly [body: (body: LogBody) => LogBody, message: RegExp])[] = [
      [logged(places.digest, hex ? otherHex : flipped(0)), /another digest: expected [0-9a-f]{64}, found [0-9a-f]{64}/],
      [logged(places.signature, kind === 'intoto 0.0.2' ? twice : flipped(20)), /another signature/],
      [logged(places.hash, () => 'md5'), /names the hash md5/],
    ];
    for (const [body, message] of changes) {
      const refusal = { code: 'SIGNATURE_LOG', message };
      await assertRefused(bundleOf(lab, { ...options, body }), question(keyless(), loaded(lab.trustedRoot)), refusal);
      await assertRefused(bundleOf(lab, { ...options, key, body }), question(byKeys([key]), undefined), refusal);
    }
    const verifiers: readonly (readonly [value: unknown, certificate: RegExp, key: RegExp])[] = [
      [verifierOf(kind, { certificate: other.der }), /another certificate/, /another signer/],
      [
        verifierOf(kind, { publicKey: wrongKey }),
        /another signer: expected certificate, found public key/,
        /another public key/,
      ],
    ];
    for (const [value, certificate, publicKey] of verifiers) {
      const body = logged(places.verifier, () => value);
      await assertRefused(bundleOf(lab, { ...options, body }), question(keyless(), loaded(lab.trustedRoot)), {
        code: 'SIGNATURE_LOG',
        message: certificate,
      });
      await assertRefused(bundleOf(lab, { ...options, key, body }), question(byKeys([key]), undefined), {
        code: 'SIGNATURE_LOG',
        message: publicKey,
      });
    }
  });
}

test('C4: an entry is about one signature and by one signer', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const twice = (old: unknown): unknown => (Array.isArray(old) ? [...old, ...old] : old);
  const both = (old: unknown): unknown => Object.assign({ publicKey: { rawBytes: 'AA==' } }, old);
  const pems = (old: unknown): string => base64(Buffer.from(String(old), 'base64').toString().repeat(2));
  const one = /one certificate or one public key/;
  const cases: readonly (readonly [
    options: BundleOptions,
    path: string,
    change: (old: unknown) => unknown,
    message: RegExp,
  ])[] = [
    [{ log: 'v1' }, 'spec.signatures', twice, /about one signature/],
    [{ log: 'v1' }, 'spec.signatures', () => [], /about one signature/],
    [{ entryKind: 'dsse' }, 'spec.dsseV002.signatures', twice, /about one signature/],
    [{ log: 'v1', entryKind: 'intoto' }, 'spec.content.envelope.signatures', twice, /about one signature/],
    [{}, 'spec.hashedRekordV002.signature.verifier', both, one],
    [{}, 'spec.hashedRekordV002.signature.verifier', () => ({}), one],
    [{ log: 'v1' }, 'spec.signatures.0.verifier', pems, one],
    [{ log: 'v1' }, 'spec.signatures.0.verifier', () => base64('-----BEGIN X-----\nAA==\n-----END X-----\n'), one],
  ];
  for (const [options, path, change, message] of cases) {
    await assertRefused(bundleOf(lab, { ...options, body: logged(path, change) }), asked, {
      code: 'SIGNATURE_LOG',
      message,
    });
  }
});

test('C4: a kind of entry is named twice, in the same way, and is known', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const kind = 'verificationMaterial.tlogEntries.0.kindVersion.kind';
  await assertRefused(bundleOf(lab, { edits: { [kind]: () => 'dsse' } }), asked, {
    code: 'SIGNATURE_LOG',
    message: /expected a log entry dsse 0\.0\.2, found hashedrekord 0\.0\.2/,
  });
  const version = (body: LogBody): LogBody => ({ ...body, apiVersion: '9.9.9' });
  await assertRefused(bundleOf(lab, { body: version }), asked, {
    code: 'SIGNATURE_LOG',
    message: /unknown kind of log entry: hashedrekord 9\.9\.9/,
  });
  await assertRefused(
    bundleOf(lab, { log: 'v1', content: 'message', body: (body) => ({ ...body, kind: 'rekord' }) }),
    {
      ...asked,
      manifestBytes: [Buffer.from('{"schemaVersion":2,"config":{}}')],
    },
    { code: 'SIGNATURE_LOG', message: /unknown kind/ },
  );
});

test('C4: an entry about an envelope does not stand for a signature without one', async () => {
  const lab = noonLab();
  const spec = {
    payloadHash: { algorithm: 'sha256', value: '00' },
    signatures: [{ signature: 'AA==', verifier: base64(lab.certificate().pem) }],
  };
  const body = (): LogBody => ({ kind: 'dsse', apiVersion: '0.0.1', spec });
  await assertRefused(simpleOf(lab, { body }), question(keyless(), loaded(lab.trustedRoot)), {
    code: 'SIGNATURE_LOG',
    message: /about a signature without an envelope/,
  });
});

test('C13: base64 within base64 is strict as well', async () => {
  const lab = noonLab();
  const body = logged('spec.content.envelope.signatures.0.sig', () => base64('AA='));
  await assertRefused(
    bundleOf(lab, { log: 'v1', entryKind: 'intoto', body }),
    question(keyless(), loaded(lab.trustedRoot)),
    {
      code: 'SIGNATURE_MALFORMED',
      message: /sig: expected strict base64, twice/,
    },
  );
});

const ENTRY = 'verificationMaterial.tlogEntries.0';

const FORGED: Readonly<Record<string, readonly [options: BundleOptions, message: RegExp]>> = {
  'a body that was changed afterwards': [
    { edits: { [`${ENTRY}.canonicalizedBody`]: (old) => base64(`${Buffer.from(String(old), 'base64')} `) } },
    /root hash/,
  ],
  'a promise of other bytes': [
    { log: 'v1', edits: { [`${ENTRY}.inclusionPromise.signedEntryTimestamp`]: flipped(20) } },
    /promise/,
  ],
  'another time than promised': [
    { log: 'v1', edits: { [`${ENTRY}.integratedTime`]: () => String(NOON / 1000 + 1) } },
    /promise/,
  ],
  'another index than promised': [{ log: 'v1', edits: { [`${ENTRY}.logIndex`]: () => '7' } }, /promise/],
  'a proof at another index': [{ log: 'v1', edits: { [`${ENTRY}.inclusionProof.logIndex`]: () => '2' } }, /root hash/],
  'another hash in the proof': [{ edits: { [`${ENTRY}.inclusionProof.hashes.0`]: flipped(0) } }, /root hash/],
  'another tree size': [
    { edits: { [`${ENTRY}.inclusionProof.treeSize`]: () => '5' } },
    /tree size .*expected 5, found 4/,
  ],
  'another root hash': [{ edits: { [`${ENTRY}.inclusionProof.rootHash`]: flipped(0) } }, /root hash of the checkpoint/],
  'a checkpoint with another signature': [
    { edits: { [`${ENTRY}.inclusionProof.checkpoint.envelope`]: otherSignature } },
    /invalid checkpoint signature/,
  ],
  'no promise and no proof': [{ logOptions: { proof: false } }, /needs a proof/],
};

for (const [name, [options, message]] of Object.entries(FORGED)) {
  test(`a log entry is refused: ${name}`, async () => {
    const lab = noonLab();
    for (let earlier = 0; earlier < 3; earlier += 1) bundleOf(lab, options.log === 'v1' ? { log: 'v1' } : {});
    const code = name.startsWith('no promise') ? 'SIGNATURE_MALFORMED' : 'SIGNATURE_LOG';
    await assertRefused(bundleOf(lab, options), question(keyless(), loaded(lab.trustedRoot)), { code, message });
  });
}

test('the index of an entry is one that the log has signed', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  for (let earlier = 0; earlier < 3; earlier += 1) bundleOf(lab);
  const edits = { [`${ENTRY}.logIndex`]: (): string => '7' };
  assert.equal((await judgeSignature(bundleOf(lab, { edits }), asked)).log?.index, '3');
});

test('C8: a log entry that was taken away is missed', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const refusal = { code: 'SIGNATURE_LOG', message: /expected an entry in a transparency log, found none/ };
  await assertRefused(bundleOf(lab, { entries: () => [] }), asked, refusal);
  await assertRefused(simpleOf(lab, { log: 'none', tsa: true }), asked, refusal);
});

test('C6: the same entry twice is refused', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const entries: BundleOptions['entries'] = (list) => [...list, ...list];
  await assertRefused(bundleOf(lab, { entries }), asked, { code: 'SIGNATURE_LOG', message: /duplicate/ });
  await assertRefused(bundleOf(lab, { log: 'v1', entries }), asked, { code: 'SIGNATURE_TIME', message: /duplicate/ });
});

test('of several entries every one has to be right', async () => {
  const lab = noonLab();
  const asked = question(keyless(), loaded(lab.trustedRoot));
  const both = bundleOf(lab, {
    body: (body) => body,
    entries: (list) => list.map((entry) => edited(entry, 'canonicalizedBody', flipped())),
  });
  await assert.rejects(judgeSignature(both, asked));
  const donor = noonLab();
  const foreign = (list: Parameters<NonNullable<BundleOptions['entries']>>[0]): typeof list => [
    ...list,
    ...list.map((entry) => ({ ...entry, logId: { keyId: donor.logV2.id.toString('base64') } })),
  ];
  await assertRefused(bundleOf(lab, { entries: foreign }), asked, {
    code: 'SIGNATURE_LOG',
    message: /does not name the log [0-9a-f]{64}/,
  });
});

test('an entry of a log that the trust root does not name counts for nothing', async () => {
  const lab = noonLab();
  const blind = loaded({ ...lab.trustedRoot, tlogs: [] });
  const unnamed = { code: 'SIGNATURE_LOG', message: /does not name the log/ };
  await assertRefused(bundleOf(lab), question(keyless(), blind), unnamed);
  await assertRefused(
    bundleOf(lab, { log: 'v1' }),
    question(keyless({ log: 'none', timestamp: 'log' }), blind),
    unnamed,
  );
  const accepted = await judgeSignature(bundleOf(lab), question(keyless({ log: 'none' }), blind));
  assert.equal(accepted.log?.verified, false);
  assert.equal(accepted.timeSource, 'tsa');
  await assertRefused(bundleOf(lab, { log: 'v1' }), question(keyless({ log: 'none' }), blind), {
    code: 'SIGNATURE_TIME',
    message: /expected a time of signing from a log or a timestamp authority/,
  });
});

test('an entry that is not required is still verified when it is there', async () => {
  const lab = noonLab();
  const asked = question(keyless({ log: 'none' }), loaded(lab.trustedRoot));
  for (let earlier = 0; earlier < 3; earlier += 1) bundleOf(lab);
  await assertRefused(bundleOf(lab, { edits: { [`${ENTRY}.inclusionProof.hashes.0`]: flipped(0) } }), asked, {
    code: 'SIGNATURE_LOG',
    message: /root hash/,
  });
  assert.equal((await judgeSignature(bundleOf(lab, { log: 'none', tsa: true }), asked)).log, undefined);
});

test('a log counts in its time only', async () => {
  const asked = (lab: SigstoreLab, validFor: { start: Date; end?: Date }): ReturnType<typeof question> => {
    const trustRoot = loaded(lab.trustedRoot);
    for (const { publicKey } of trustRoot.root.tlogs)
      if (publicKey) publicKey.validFor = { end: undefined, ...validFor };
    return question(keyless({ ct: 'none' }), trustRoot);
  };
  for (const log of ['v1', 'v2'] as const) {
    for (const [validFor, good] of [
      [{ start: new Date(NOON) }, true],
      [{ start: new Date(NOON + 1000) }, false],
      [{ start: new Date(0), end: new Date(NOON) }, true],
      [{ start: new Date(0), end: new Date(NOON - 1000) }, false],
    ] as const) {
      const lab = noonLab();
      const judged = judgeSignature(bundleOf(lab, { log }), asked(lab, validFor));
      if (good) await judged;
      else await assert.rejects(judged, { code: 'SIGNATURE_LOG' }, `${log} ${JSON.stringify(validFor)}`);
    }
  }
});

test('a log that counts no more has no entries of unknown age', async () => {
  const lab = noonLab();
  const key = labKeyPair();
  const trustRoot = loaded(lab.trustedRoot);
  const document = bundleOf(lab, { key, log: 'v2', tsa: false });
  const asked = question(byKeys([key], { log: 'required' }), trustRoot);
  assert.equal((await judgeSignature(document, asked)).log?.verified, true);
  const ended = loaded(lab.trustedRoot);
  for (const { publicKey } of ended.root.tlogs) if (publicKey?.validFor) publicKey.validFor.end = new Date(asked.now);
  await judgeSignature(document, { ...asked, trustRoot: ended });
  await assertRefused(
    document,
    { ...asked, trustRoot: ended, now: asked.now + 1 },
    {
      code: 'SIGNATURE_LOG',
      message: /does not count at/,
    },
  );
});
