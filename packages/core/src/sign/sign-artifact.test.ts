import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Descriptor,
  digestHex,
  memoryRepository,
  openLayout,
  openRepository,
  parseManifest,
  type Repository,
  readAll,
} from '@gantry/oci';
import {
  attachSimple,
  publishArtifact,
  scriptedRegistry,
  sigstoreLab,
  startRegistry,
  tempDir,
  withoutReferrers,
} from '@gantry/testkit';
import { policyKey } from '../trust/material/policy-key.ts';
import type { SignatureRequirement } from '../trust/requirement.ts';
import { judgeSignature } from '../trust/signatures/judge-signature.ts';
import { preAuthEncoding } from '../trust/signatures/pre-auth-encoding.ts';
import { bundleWriter } from './bundle-writer.ts';
import { signArtifact } from './sign-artifact.ts';
import type { SignatureWriter } from './signature-writer.ts';
import type { Signer } from './signer.ts';
import { bundlesOf, freshSigner, jsonOf, publishOne, signatureImageOf, testTransport } from './signing.fixture.ts';
import { targetsOf } from './signing-targets.ts';
import { tagWriter } from './tag-writer.ts';

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** How many signatures by a signer the judge accepts, of those in one place. */
async function accepted(
  repository: Repository,
  subject: Descriptor,
  writer: SignatureWriter,
  signer: Signer,
  claims: Readonly<Record<string, string>> = {},
): Promise<number> {
  const requirement: SignatureRequirement = {
    keys: [policyKey(signer.publicKey, 'the key')],
    identities: [],
    threshold: 1,
    log: 'none',
    timestamp: 'none',
    ct: 'none',
    subject: 'either',
    claims,
    trustRoot: { type: 'none' },
  };
  const question = {
    root: subject.digest,
    manifest: subject.digest,
    requirement,
    trustRoot: undefined,
    now: Date.now(),
  };
  let count = 0;
  for await (const { documents } of writer.source(repository).find(subject)) {
    for (const document of documents) {
      if (document.format !== writer.judgedAs) continue;
      await judgeSignature(document, question).then(
        () => (count += 1),
        () => undefined,
      );
    }
  }
  return count;
}

test('a bundle is a referrer in the shape of cosign 3', async () => {
  const repository = memoryRepository();
  const subject = await publishOne(repository);
  const signer = await freshSigner();
  const [written] = await signArtifact(repository, subject, { signer, claims: { team: 'core' } });
  const [referrer, ...others] = await bundlesOf(repository, subject);
  assert.ok(referrer);
  assert.deepEqual(others, []);
  assert.deepEqual(written, {
    format: 'bundle',
    digest: subject.digest,
    manifest: referrer.digest,
    signer: signer.keyId,
  });
  assert.equal(referrer.artifactType, BUNDLE);
  const manifest = await jsonOf(repository, referrer);
  const { mediaType, digest, size } = subject;
  assert.deepEqual(
    { ...manifest, layers: 0, annotations: 0 },
    {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: BUNDLE,
      config: {
        mediaType: 'application/vnd.oci.empty.v1+json',
        digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
        size: 2,
        artifactType: BUNDLE,
      },
      layers: 0,
      subject: { mediaType, digest, size },
      annotations: 0,
    },
  );
  const { annotations, layers } = parseManifestOf(await readAll(repository, referrer), referrer);
  assert.deepEqual(Object.keys(annotations), [
    'dev.sigstore.bundle.content',
    'dev.sigstore.bundle.predicateType',
    'org.opencontainers.image.created',
  ]);
  const [layer] = layers;
  assert.ok(layer);
  const bundle = JSON.parse(Buffer.from(await readAll(repository, layer)).toString());
  assert.deepEqual(Object.keys(bundle), ['mediaType', 'verificationMaterial', 'dsseEnvelope']);
  assert.deepEqual(bundle.verificationMaterial, {
    publicKey: { hint: Buffer.from(digestHex(signer.keyId), 'hex').toString('base64') },
  });
  const { payload, payloadType, signatures } = bundle.dsseEnvelope;
  const statement = Buffer.from(payload, 'base64');
  assert.deepEqual(JSON.parse(statement.toString()), {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: digestHex(subject.digest) }, annotations: { team: 'core' } }],
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    predicate: {},
  });
  const signed = preAuthEncoding(payloadType, statement);
  assert.ok(verify('sha256', signed, signer.publicKey, Buffer.from(signatures[0].sig, 'base64')));
});

function parseManifestOf(bytes: Uint8Array, what: Descriptor): { annotations: object; layers: readonly Descriptor[] } {
  const manifest = parseManifest(bytes, what);
  assert.equal(manifest.kind, 'image');
  return manifest.kind === 'image' ? manifest : { annotations: {}, layers: [] };
}

test('cosign-v2 is a layer under the .sig tag, whose payload names digest, repository and claims', async () => {
  const repository = memoryRepository('registry.example/team/app');
  const subject = await publishOne(repository);
  const signer = await freshSigner();
  await signArtifact(repository, subject, { signer, format: 'cosign-v2', claims: { team: 'core' } });
  const image = await signatureImageOf(repository, subject);
  assert.ok(image);
  const { layers } = parseManifestOf(await readAll(repository, image), image);
  const [layer, ...others] = layers;
  assert.ok(layer);
  assert.deepEqual(others, []);
  const payload = await readAll(repository, layer);
  assert.equal(
    Buffer.from(payload).toString(),
    `{"critical":{"identity":{"docker-reference":"registry.example/team/app"},"image":{"docker-manifest-digest":"${subject.digest}"},"type":"cosign container image signature"},"optional":{"team":"core"}}`,
  );
  assert.deepEqual(Object.keys(layer.annotations ?? {}), ['dev.cosignproject.cosign/signature']);
  const signature = Buffer.from(layer.annotations?.['dev.cosignproject.cosign/signature'] ?? '', 'base64');
  assert.ok(verify('sha256', payload, signer.publicKey, signature));
});

for (const [name, open] of Object.entries<(t: Parameters<typeof tempDir>[0]) => Promise<Repository>>({
  'a registry with the referrers API': async (t) => remote(t, (await startRegistry(t)).address),
  'a registry without the referrers API': async (t) =>
    remote(t, (await scriptedRegistry(t, withoutReferrers())).address),
  'a layout on disk': async (t) => openLayout(join(await tempDir(t), 'layout'), { create: true }),
})) {
  test(`both formats are written to ${name}, and found there again`, async (t) => {
    const repository = await open(t);
    const subject = await publishOne(repository);
    const signer = await freshSigner();
    const options = { signer, format: 'both', claims: { team: 'core' } } as const;
    const written = await signArtifact(repository, subject, options);
    assert.deepEqual(
      written.map(({ format, digest }) => [format, digest]),
      [
        ['bundle', subject.digest],
        ['cosign-v2', subject.digest],
      ],
    );
    for (const writer of [bundleWriter, tagWriter]) {
      assert.equal(await accepted(repository, subject, writer, signer, { team: 'core' }), 1);
    }
    const again = await signArtifact(repository, subject, options);
    assert.deepEqual(
      again.map(({ existing }) => existing),
      [true, true],
      'the same again adds nothing',
    );
    assert.deepEqual(
      again.map(({ manifest }) => manifest),
      written.map(({ manifest }) => manifest),
    );
  });
}

function remote(t: Parameters<typeof tempDir>[0], address: string): Repository {
  const transport = testTransport(t);
  return openRepository(`${address}/team/app`, transport);
}

test('other keys and other claims are other signatures, and stand beside the first', async () => {
  const repository = memoryRepository();
  const subject = await publishOne(repository);
  const [first, second] = [await freshSigner(), await freshSigner()];
  await signArtifact(repository, subject, { signer: first, format: 'both' });
  await signArtifact(repository, subject, { signer: second, format: 'both' });
  await signArtifact(repository, subject, { signer: first, format: 'both', claims: { team: 'core' } });
  for (const writer of [bundleWriter, tagWriter]) {
    assert.equal(await accepted(repository, subject, writer, first), 2);
    assert.equal(await accepted(repository, subject, writer, first, { team: 'core' }), 1);
    assert.equal(await accepted(repository, subject, writer, second), 1);
  }
});

test('every kind of key signs in both formats', async () => {
  const kinds = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ed25519'),
  ];
  for (const keys of kinds) {
    const repository = memoryRepository();
    const subject = await publishOne(repository);
    const signer = await freshSigner(keys);
    await signArtifact(repository, subject, { signer, format: 'both' });
    for (const writer of [bundleWriter, tagWriter]) {
      assert.equal(await accepted(repository, subject, writer, signer), 1, signer.algorithm.details);
    }
  }
});

test('what others signed under the .sig tag stays as it is', async () => {
  const repository = memoryRepository();
  const subject = await publishOne(repository);
  const lab = sigstoreLab();
  const theirs = lab.signSimple(subject.digest, { chain: 'pem', tsa: true });
  await attachSimple(repository, subject, [theirs]);
  await signArtifact(repository, subject, { signer: await freshSigner(), format: 'cosign-v2' });
  const image = await signatureImageOf(repository, subject);
  assert.ok(image);
  const { layers } = parseManifestOf(await readAll(repository, image), image);
  assert.equal(layers.length, 2);
  assert.deepEqual({ ...layers[0]?.annotations }, { ...theirs.annotations });
  const config = (await jsonOf(repository, image))['config'] as unknown as Descriptor;
  const { rootfs, history } = await jsonOf(repository, config);
  assert.deepEqual(rootfs, { type: 'layers', diff_ids: layers.map(({ digest }) => digest) });
  assert.equal(Array.isArray(history) && history.length, 2);
});

test('recursive signs each manifest of an index once, the index last', async () => {
  const repository = memoryRepository();
  const one = { layers: [{ content: 'a' }] };
  const { descriptor, platforms } = await publishArtifact(repository, {
    platforms: { 'linux/amd64': one, 'linux/arm64': { layers: [{ content: 'b' }] }, 'linux/riscv64': one },
  });
  const signer = await freshSigner();
  const children = [...new Set(Object.values(platforms).map((child) => child.descriptor.digest))];
  assert.equal(children.length, 2);
  const written = await signArtifact(repository, descriptor, { signer, recursive: true });
  assert.equal(written.at(-1)?.digest, descriptor.digest);
  assert.deepEqual(written.map(({ digest }) => digest).sort(), [...children, descriptor.digest].sort());
  const alone = await signArtifact(repository, descriptor, { signer });
  assert.deepEqual(
    alone.map(({ digest, existing }) => [digest, existing]),
    [[descriptor.digest, true]],
  );
  const most = { limits: { graphManifests: 3 } };
  assert.equal((await targetsOf(repository, descriptor, true, most)).length, 3);
  await assert.rejects(targetsOf(repository, descriptor, true, { limits: { graphManifests: 2 } }), {
    code: 'CONTENT_LIMIT',
  });
});

test('a SHA-512 digest is signed in a bundle; no tag is long enough for cosign-v2', async () => {
  const repository = memoryRepository();
  const { descriptor } = await publishArtifact(repository, { layers: [{ content: 'a' }], algorithm: 'sha512' });
  const signer = await freshSigner();
  await signArtifact(repository, descriptor, { signer });
  assert.equal(await accepted(repository, descriptor, bundleWriter, signer), 1);
  await assert.rejects(signArtifact(repository, descriptor, { signer, format: 'cosign-v2' }), {
    code: 'CONFIG_INVALID',
  });
});

test('a signer whose signatures do not verify publishes nothing', async () => {
  const repository = memoryRepository();
  const subject = await publishOne(repository);
  const [honest, other] = [await freshSigner(), await freshSigner()];
  const broken = { ...honest, sign: other.sign };
  for (const format of ['bundle', 'cosign-v2'] as const) {
    await assert.rejects(signArtifact(repository, subject, { signer: broken, format }), { code: 'SIGNATURE_INVALID' });
  }
  assert.deepEqual(await bundlesOf(repository, subject), []);
  assert.equal(await signatureImageOf(repository, subject), undefined);
});

test('the path of a layout stays out of what is signed', async (t) => {
  const directory = await tempDir(t);
  const repository = await openLayout(join(directory, 'layout'), { create: true });
  const subject = await publishOne(repository);
  await signArtifact(repository, subject, { signer: await freshSigner(), format: 'both' });
  for await (const { documents } of tagWriter.source(repository).find(subject)) {
    for (const { bytes } of documents) assert.ok(!Buffer.from(bytes).includes(directory));
  }
});
