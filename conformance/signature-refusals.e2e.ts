/** What cosign refuses is refused here, with a code that says why. docs/cosign.md lists where the two differ. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Cosign, cosignSign, cosignVerify, type Expected, type SignatureShape } from './cosign.ts';
import { edited, flipped } from './edited-text.ts';
import { type Forgery, forge } from './forged.ts';
import { inOwnNetwork } from './own-network.ts';
import { makeSigstoreMaterial, type SigstoreMaterial } from './private-sigstore.ts';
import { startOlareg } from './registries.ts';
import { type SigningWorld, signingWorld } from './signing-world.ts';

const BUNDLE: SignatureShape = { layout: 'bundle', log: 'rekor2', stamped: true };
const BUNDLE_V1: SignatureShape = { layout: 'bundle', log: 'rekor1', stamped: true };
const TAG: SignatureShape = { layout: 'tag', log: 'rekor1', stamped: false };

const COSIGNS: readonly Cosign[] = ['cosign3', 'cosign2'];
const ONLY_COSIGN3: readonly Cosign[] = ['cosign3'];

interface Refusal {
  readonly name: string;
  readonly shape: SignatureShape;
  readonly forgery: Forgery;
  readonly code: RegExp;
  /** Who takes it all the same; docs/cosign.md says why we do not. Default: nobody. */
  readonly acceptedBy?: readonly Cosign[];
}

const SIGNATURE = 'dev.cosignproject.cosign/signature';
const CERTIFICATE = 'dev.sigstore.cosign/certificate';
const LOG = 'dev.sigstore.cosign/bundle';
const otherDigest = (text: string): string => text.replace(/[0-9a-f]{64}/, 'f'.repeat(64));

/** Genuine signatures of alice, changed in one place. */
const REFUSALS: readonly Refusal[] = [
  {
    name: 'C13: a byte of the signature is another',
    shape: BUNDLE,
    forgery: { bundle: (b) => (b.dsseEnvelope.signatures[0].sig = flipped(b.dsseEnvelope.signatures[0].sig)) },
    code: /SIGNATURE_/,
  },
  {
    name: 'the statement is about another digest',
    shape: BUNDLE,
    forgery: { bundle: (b) => (b.dsseEnvelope.payload = edited(b.dsseEnvelope.payload, otherDigest)) },
    code: /SIGNATURE_/,
  },
  {
    name: 'C5: the statement says that it is something else',
    shape: BUNDLE,
    forgery: {
      bundle: (b) => {
        b.dsseEnvelope.payload = edited(b.dsseEnvelope.payload, (text) =>
          text.replace('cosign/sign/v1', 'cosign/sign/v2'),
        );
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'the bundle has no log entry',
    shape: BUNDLE,
    forgery: { bundle: (b) => delete b.verificationMaterial.tlogEntries },
    code: /SIGNATURE_(LOG|TIME|MALFORMED)/,
  },
  {
    name: 'the bundle has no timestamp',
    shape: BUNDLE,
    forgery: { bundle: (b) => delete b.verificationMaterial.timestampVerificationData },
    code: /SIGNATURE_TIME/,
  },
  {
    name: 'C11: a byte of the timestamp is another',
    shape: BUNDLE,
    forgery: {
      bundle: (b) => {
        const [stamp] = b.verificationMaterial.timestampVerificationData.rfc3161Timestamps;
        stamp.signedTimestamp = flipped(stamp.signedTimestamp, stamp.signedTimestamp.length - 20);
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'C4: the log entry is about something else',
    shape: BUNDLE,
    forgery: {
      bundle: (b) => {
        const [entry] = b.verificationMaterial.tlogEntries;
        entry.canonicalizedBody = edited(entry.canonicalizedBody, (text) =>
          text.replace(/"digest":"[^"]{8}/, '"digest":"AAAAAAAA'),
        );
      },
    },
    code: /SIGNATURE_LOG/,
    acceptedBy: ONLY_COSIGN3,
  },
  {
    name: 'the checkpoint is not the log’s',
    shape: BUNDLE,
    forgery: {
      bundle: (b) => {
        const { checkpoint } = b.verificationMaterial.tlogEntries[0].inclusionProof;
        const at = checkpoint.envelope.lastIndexOf('=') - 20;
        checkpoint.envelope = flipped(checkpoint.envelope, at);
      },
    },
    code: /SIGNATURE_LOG/,
  },
  {
    name: 'the proof of inclusion leads to another root',
    shape: BUNDLE_V1,
    forgery: {
      bundle: (b) => {
        const { inclusionProof } = b.verificationMaterial.tlogEntries[0];
        inclusionProof.rootHash = flipped(inclusionProof.rootHash, 3);
      },
    },
    code: /SIGNATURE_LOG/,
  },
  {
    name: 'the promise of the log is not its own',
    shape: BUNDLE_V1,
    forgery: {
      bundle: (b) => {
        const { inclusionPromise } = b.verificationMaterial.tlogEntries[0];
        inclusionPromise.signedEntryTimestamp = flipped(inclusionPromise.signedEntryTimestamp, 30);
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'the time of the log entry is another',
    shape: BUNDLE_V1,
    forgery: { bundle: (b) => (b.verificationMaterial.tlogEntries[0].integratedTime = '1767225600') },
    code: /SIGNATURE_/,
  },
  {
    name: 'the certificate is missing',
    shape: BUNDLE,
    forgery: { bundle: (b) => delete b.verificationMaterial.certificate },
    code: /SIGNATURE_MALFORMED|SIGNATURE_CERTIFICATE/,
  },
  {
    name: 'C13: a byte of the signature is another',
    shape: TAG,
    forgery: {
      tag: ({ annotations }) => {
        annotations[SIGNATURE] = flipped(annotations[SIGNATURE] ?? '');
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'the payload is about another digest',
    shape: TAG,
    forgery: {
      tag: ({ payload }) => {
        const { image } = payload.critical;
        image['docker-manifest-digest'] = otherDigest(image['docker-manifest-digest']);
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'a claim was added to the payload',
    shape: TAG,
    forgery: { tag: ({ payload }) => (payload.optional = { env: 'production' }) },
    code: /SIGNATURE_/,
  },
  {
    name: 'the signature was stripped',
    shape: TAG,
    forgery: { tag: ({ annotations }) => delete annotations[SIGNATURE] },
    code: /SIGNATURE_/,
  },
  {
    name: 'the certificate was stripped',
    shape: TAG,
    forgery: { tag: ({ annotations }) => delete annotations[CERTIFICATE] },
    code: /SIGNATURE_/,
  },
  {
    name: 'the log entry was stripped',
    shape: TAG,
    forgery: { tag: ({ annotations }) => delete annotations[LOG] },
    code: /SIGNATURE_(LOG|TIME)/,
  },
  {
    name: 'the time of the log entry is another',
    shape: TAG,
    forgery: {
      tag: ({ annotations }) => {
        annotations[LOG] = (annotations[LOG] ?? '').replace(/"integratedTime":\d+/, '"integratedTime":1767225600');
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'C4: the log entry is about something else',
    shape: TAG,
    forgery: {
      tag: ({ annotations }) => {
        const entry = JSON.parse(annotations[LOG] ?? '');
        entry.Payload.body = edited(entry.Payload.body, otherDigest);
        annotations[LOG] = JSON.stringify(entry);
      },
    },
    code: /SIGNATURE_LOG/,
  },
  {
    name: 'the log entry is there twice',
    shape: BUNDLE,
    forgery: {
      bundle: ({ verificationMaterial: { tlogEntries } }) => tlogEntries.push(tlogEntries[0]),
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'the log entry has another index',
    shape: BUNDLE_V1,
    forgery: {
      bundle: (b) => {
        b.verificationMaterial.tlogEntries[0].logIndex = '123456';
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'the log entry says that it is of another kind',
    shape: BUNDLE,
    forgery: {
      bundle: (b) => {
        b.verificationMaterial.tlogEntries[0].kindVersion = { kind: 'intoto', version: '0.0.2' };
      },
    },
    code: /SIGNATURE_/,
    acceptedBy: COSIGNS,
  },
  {
    name: 'the log entry names another log',
    shape: BUNDLE,
    forgery: {
      bundle: (b) => {
        const { logId } = b.verificationMaterial.tlogEntries[0];
        logId.keyId = flipped(logId.keyId, 4);
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'the envelope holds the signature twice',
    shape: BUNDLE,
    forgery: { bundle: ({ dsseEnvelope: { signatures } }) => signatures.push(signatures[0]) },
    code: /SIGNATURE_/,
  },
  {
    name: 'the envelope says that it holds something else',
    shape: BUNDLE,
    forgery: {
      bundle: (b) => {
        b.dsseEnvelope.payloadType = 'text/plain';
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'the bundle is of a version that nobody knows',
    shape: BUNDLE,
    forgery: {
      bundle: (b) => {
        b.mediaType = 'application/vnd.dev.sigstore.bundle.v0.9+json';
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'the bundle has a field that nobody knows',
    shape: BUNDLE,
    forgery: {
      bundle: (b) => {
        b.more = {};
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'the bundle holds a chain of certificates',
    shape: BUNDLE,
    forgery: {
      bundle: ({ verificationMaterial: material }) => {
        material.x509CertificateChain = { certificates: [material.certificate] };
        delete material.certificate;
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'C13: the signature has a line break in it',
    shape: TAG,
    forgery: {
      tag: ({ annotations }) => {
        const text = annotations[SIGNATURE] ?? '';
        annotations[SIGNATURE] = `${text.slice(0, 40)}\n${text.slice(40)}`;
      },
    },
    code: /SIGNATURE_/,
  },
  {
    name: 'C13: there is text before the certificate',
    shape: TAG,
    forgery: {
      tag: ({ annotations }) => {
        annotations[CERTIFICATE] = `subject=alice\n${annotations[CERTIFICATE]}`;
      },
    },
    code: /SIGNATURE_/,
    acceptedBy: COSIGNS,
  },
  {
    name: 'C13: there is a second certificate after the first',
    shape: TAG,
    forgery: {
      tag: ({ annotations }) => {
        annotations[CERTIFICATE] = `${annotations[CERTIFICATE]}${annotations[CERTIFICATE]}`;
      },
    },
    code: /SIGNATURE_/,
    acceptedBy: COSIGNS,
  },
  {
    name: 'C13: the log entry says its index twice',
    shape: TAG,
    forgery: {
      tag: ({ annotations }) => {
        annotations[LOG] = (annotations[LOG] ?? '').replace('"logIndex"', '"logIndex":7,"logIndex"');
      },
    },
    code: /SIGNATURE_/,
    acceptedBy: COSIGNS,
  },
];

interface Question {
  readonly name: string;
  readonly expected?: Expected;
  /** Changes the trust root that both are given. */
  readonly root?: (root: Record<string, unknown>) => unknown;
  readonly code: RegExp;
  readonly acceptedBy?: readonly Cosign[];
}

/** The same genuine signature, asked about differently. */
function questions(alice: Extract<Expected, { identity: string }>, shape: SignatureShape): readonly Question[] {
  const none = (part: string) => (root: Record<string, unknown>) => Object.assign(root, { [part]: [] });
  const ended = (part: string) => (root: Record<string, unknown>) => {
    for (const entry of root[part] as { validFor?: object; publicKey?: { validFor: object } }[]) {
      const window = { start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' };
      if (entry.publicKey === undefined) entry.validFor = window;
      else entry.publicKey.validFor = window;
    }
  };
  return [
    { name: 'another identity', expected: { ...alice, identity: 'bob@example.com' }, code: /POLICY_IDENTITY/ },
    {
      name: 'C3: a part of the identity',
      expected: { ...alice, identity: 'alice@example.co' },
      code: /POLICY_IDENTITY/,
    },
    {
      name: 'C3: the identity in capitals',
      expected: { ...alice, identity: 'Alice@example.com' },
      code: /POLICY_IDENTITY/,
    },
    { name: 'another issuer', expected: { ...alice, issuer: `${alice.issuer}x` }, code: /POLICY_IDENTITY/ },
    { name: 'no certificate authority is trusted', root: none('certificateAuthorities'), code: /SIGNATURE_/ },
    { name: 'no log of certificates is trusted', root: none('ctlogs'), code: /SIGNATURE_/ },
    { name: 'no log of signatures is trusted', root: none('tlogs'), code: /SIGNATURE_/ },
    {
      name: 'the certificate authority was good until before',
      root: ended('certificateAuthorities'),
      code: /SIGNATURE_/,
    },
    {
      name: 'the log of signatures was good until before',
      root: ended('tlogs'),
      code: /SIGNATURE_LOG/,
      // Rekor v2 gives no time of its own, and cosign holds no other against the log's.
      acceptedBy: shape.log === 'rekor2' ? COSIGNS : [],
    },
    { name: 'the log of certificates was good until before', root: ended('ctlogs'), code: /SIGNATURE_/ },
  ];
}

async function refusedByAll(
  world: SigningWorld,
  sigstore: SigstoreMaterial,
  shape: SignatureShape,
  expected: Expected,
  reference: string,
  { code, acceptedBy = [] }: Pick<Refusal, 'code' | 'acceptedBy'>,
  cosigns: readonly Cosign[] = COSIGNS,
): Promise<void> {
  const ours = await world.verify(shape, expected, reference, ['--trusted-root', sigstore.trustedRoot]);
  const takers: Cosign[] = [];
  for (const cosign of cosigns) {
    if ((await cosignVerify(cosign, sigstore, shape, expected, reference)).code === 0) takers.push(cosign);
  }
  assert.equal(ours.code, 4, `gantry: ${ours.stdout}${ours.stderr}`);
  assert.match(ours.stderr, code);
  assert.deepEqual(takers, acceptedBy);
}

if (inOwnNetwork()) {
  test('signatures of an identity', async (t) => {
    const world = await signingWorld(t);
    const { address } = await startOlareg(t);
    const { signer, expected } = world.keyless;
    let count = 0;
    const genuine = async (shape: SignatureShape): Promise<string> => {
      const reference = await world.push(`${address}/acme/genuine${count++}`);
      await cosignSign('cosign3', world.sigstore, shape, signer(), reference);
      return reference;
    };
    const signed = new Map<SignatureShape, string>();
    for (const shape of [BUNDLE, BUNDLE_V1, TAG]) signed.set(shape, await genuine(shape));
    const of = (shape: SignatureShape): string => signed.get(shape) ?? '';

    for (const shape of [BUNDLE, BUNDLE_V1, TAG]) {
      await t.test(`a copy without a change is accepted by all: ${shape.layout}, ${shape.log}`, async () => {
        const reference = await forge(of(shape), `${address}/acme/forged${count++}`, {});
        for (const cosign of ['cosign3', 'cosign2'] as const) {
          const theirs = await cosignVerify(cosign, world.sigstore, shape, expected, reference);
          assert.equal(theirs.code, 0, theirs.stderr);
        }
        const ours = await world.verify(shape, expected, reference);
        assert.equal(ours.code, 0, ours.stderr);
      });
    }

    for (const { name, shape, forgery, ...refusal } of REFUSALS) {
      await t.test(`${shape.layout}, ${shape.log}: ${name}`, async () => {
        const reference = await forge(of(shape), `${address}/acme/forged${count++}`, forgery);
        await refusedByAll(world, world.sigstore, shape, expected, reference, refusal);
      });
    }

    for (const shape of [BUNDLE, TAG]) {
      await t.test(`${shape.layout}: a genuine signature of another artifact`, async () => {
        const other = `${address}/acme/other${count++}`;
        const reference = await forge(of(shape), other, {}, await world.push(other));
        await refusedByAll(world, world.sigstore, shape, expected, reference, { code: /SIGNATURE_/ });
      });

      if ('identity' in expected) {
        for (const question of questions(expected, shape)) {
          await t.test(`${shape.layout}: ${question.name}`, async () => {
            const sigstore = await withRoot(world, question.root);
            // cosign 2 takes no trusted_root.json for a `.sig`.
            const cosigns = shape === TAG && question.root !== undefined ? ONLY_COSIGN3 : undefined;
            await refusedByAll(world, sigstore, shape, question.expected ?? expected, of(shape), question, cosigns);
          });
        }
      }

      await t.test(`${shape.layout}: everything of another Sigstore`, async () => {
        const another = await makeSigstoreMaterial(join(world.directory, 'another'));
        await refusedByAll(world, another, shape, expected, of(shape), { code: /SIGNATURE_/ });
      });
    }
  });

  test('a certificate without a timestamp of certificate transparency', async (t) => {
    const world = await signingWorld(t, { ct: false });
    const { address } = await startOlareg(t);
    const { signer, expected } = world.keyless;
    for (const shape of [BUNDLE, TAG]) {
      const reference = await world.push(`${address}/acme/${shape.layout}`);
      await cosignSign('cosign3', world.sigstore, shape, signer(), reference);
      await refusedByAll(world, world.sigstore, shape, expected, reference, { code: /SIGNATURE_CERTIFICATE/ });
      const flags = ['--insecure-ignore-sct'];
      const theirs = await cosignVerify('cosign3', world.sigstore, shape, expected, reference, { flags });
      assert.equal(theirs.code, 0, theirs.stderr);
      const ours = await world.verify(shape, expected, reference, ['--no-ct']);
      assert.equal(ours.code, 0, ours.stderr);
    }
  });
}

async function withRoot(world: SigningWorld, edit: Question['root']): Promise<SigstoreMaterial> {
  if (edit === undefined) return world.sigstore;
  const root = JSON.parse(await readFile(world.sigstore.trustedRoot, 'utf8'));
  edit(root);
  const trustedRoot = join(world.directory, 'edited-root.json');
  await writeFile(trustedRoot, JSON.stringify(root));
  return { ...world.sigstore, trustedRoot };
}
