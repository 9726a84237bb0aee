import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  companionTag,
  type Descriptor,
  MediaType,
  type Op,
  openRepository,
  openTransport,
  type Repository,
} from '@gantry/oci';
import {
  attachBundle,
  attachSimple,
  labKeyPair,
  publishArtifact,
  type Rule,
  type ScriptedRegistry,
  type SigstoreLab,
  scriptedRegistry,
  sigstoreLab,
  withoutReferrers,
} from '@gantry/testkit';
import { coreLimits } from '../../core-limits.ts';
import type { Found } from './evidence-source.ts';
import { gatherSignatures, signedSubjects } from './gather.ts';

const KEY = labKeyPair();
const COSIGN_2 = 'application/vnd.dev.cosign.artifact.sig.v1+json';

interface Place {
  readonly registry: ScriptedRegistry;
  readonly repository: Repository;
  readonly lab: SigstoreLab;
  readonly subject: Descriptor;
  sign(times?: number): Promise<readonly Descriptor[]>;
  /** Everything there is to find, and the requests it took. */
  all(op?: Op): Promise<{ readonly found: readonly Found[]; readonly requests: readonly string[] }>;
}

async function place(t: TestContext, ...rules: readonly Rule[]): Promise<Place> {
  const registry = await scriptedRegistry(t, [...rules]);
  const transport = openTransport();
  t.after(() => transport[Symbol.asyncDispose]());
  const open = (): Repository => openRepository(`${registry.address}/acme/tool`, transport);
  const repository = open();
  const lab = sigstoreLab();
  const { descriptor: subject } = await publishArtifact(repository, { layers: [{ content: 'tool' }], tag: '1.0' });
  return {
    ...{ registry, repository, lab, subject },
    sign: async (times = 1) => {
      const signed: Descriptor[] = [];
      for (let count = 0; count < times; count += 1) {
        const { descriptor } = await attachBundle(repository, subject, lab.signBundle(subject.digest, { key: KEY }));
        signed.push(descriptor);
      }
      return signed;
    },
    all: async (op) => {
      registry.log.clear();
      const found: Found[] = [];
      // A repository of its own: the one that pushed still knows the manifests.
      for await (const one of gatherSignatures(open(), subject, op)) found.push(one);
      return { found, requests: registry.log.requests.map(({ path }) => path.replace(/^\/v2\/acme\/tool\//, '')) };
    },
  };
}

function documentsOf(found: readonly Found[]): readonly string[] {
  return found.flatMap(({ documents }) => documents.map(({ format, manifest }) => `${format} ${manifest}`));
}

function faultsOf(found: readonly Found[]): readonly (string | undefined)[] {
  return found.flatMap(({ fault, cut }) => (fault ?? cut)?.code ?? []);
}

test('bundles are found among the referrers, then what is under the .sig tag, in as many requests as are told', async (t) => {
  for (const rules of [[], withoutReferrers()]) {
    const { repository, lab, subject, sign, all } = await place(t, ...rules);
    const [bundle] = await sign();
    const layers = [lab.signSimple(subject.digest, { key: KEY }), lab.signSimple(subject.digest, { key: KEY })];
    const tagged = await attachSimple(repository, subject, layers);
    const { found, requests } = await all();
    assert.deepEqual(documentsOf(found), [
      `bundle ${bundle?.digest}`,
      `simple-signing ${tagged.descriptor.digest}`,
      `simple-signing ${tagged.descriptor.digest}`,
    ]);
    const kinds = requests.map((path) => path.replace(/sha256[:-]\w+/, 'DIGEST').replace('?', ''));
    // Both layers have one payload, which is fetched once.
    const expected = [
      'manifests/DIGEST',
      'referrers/DIGEST',
      'manifests/DIGEST',
      'blobs/DIGEST',
      'manifests/DIGEST.sig',
      'blobs/DIGEST',
    ];
    assert.deepEqual(kinds, expected, 'fallback tag, list, candidate, its bundle, tag, its payload');
  }
});

test('a reader that has enough asks no more', async (t) => {
  const { registry, repository, subject, sign } = await place(t);
  await sign(3);
  registry.log.clear();
  for await (const { documents } of gatherSignatures(repository, subject)) {
    assert.equal(documents.length, 1);
    break;
  }
  assert.equal(registry.log.count('GET', '/blobs/'), 1);
  assert.equal(registry.log.count(undefined, '.sig'), 0);
});

test('the third shape is found: layers of simple signing in a manifest that names its subject', async (t) => {
  const { repository, lab, subject, all } = await place(t);
  const { descriptor } = await attachSimple(repository, subject, [lab.signSimple(subject.digest, { key: KEY })], {
    shape: 'referrer',
  });
  const { found } = await all();
  assert.deepEqual(documentsOf(found), [`simple-signing ${descriptor.digest}`]);
  const [document] = found.flatMap(({ documents }) => documents);
  assert.ok(document?.annotations['dev.cosignproject.cosign/signature']);
});

test('B9: a listing only orders the candidates; without a type that matches everything is opened', async (t) => {
  const { registry, repository, lab, subject, sign, all } = await place(t);
  const [bundle] = await sign();
  const sbom = await publishArtifact(repository, {
    artifactType: 'application/spdx+json',
    layers: [{ content: '{}' }],
    subject,
  });
  const attestation = await attachBundle(
    repository,
    subject,
    lab.signBundle(subject.digest, { key: KEY, predicateType: 'https://slsa.dev/provenance/v1' }),
  );
  assert.ok(bundle);
  const [signed, sbomManifest, slsa] = [bundle.digest, sbom.descriptor.digest, attestation.descriptor.digest];
  const list = (types: Readonly<Record<string, string | undefined>>): Rule => {
    const manifests = [attestation.descriptor, sbom.descriptor, bundle].map(({ mediaType, digest, size }) => ({
      ...{ mediaType, digest, size },
      ...(types[digest] !== undefined && { artifactType: types[digest] }),
    }));
    const body = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests });
    return { path: '/referrers/', status: 200, body, headers: { 'content-type': MediaType.imageIndex } };
  };
  const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const cases: readonly [
    name: string,
    types: Readonly<Record<string, string | undefined>>,
    opened: readonly string[],
  ][] = [
    ['right types', { [signed]: type, [slsa]: type, [sbomManifest]: 'application/spdx+json' }, [slsa, signed]],
    ['no types', {}, [slsa, sbomManifest, signed]],
    ['wrong types', { [signed]: 'a/b', [slsa]: 'a/b', [sbomManifest]: 'a/b' }, [slsa, sbomManifest, signed]],
    ['one without a type', { [slsa]: COSIGN_2, [sbomManifest]: 'a/b' }, [slsa, signed]],
    ['a liar', { [sbomManifest]: type, [slsa]: 'a/b' }, [sbomManifest, signed]],
  ];
  for (const [name, types, opened] of cases) {
    registry.script([list(types)]);
    const { requests, found } = await all();
    assert.deepEqual(
      requests.flatMap((path) => /^manifests\/(sha256:\w+)$/.exec(path)?.[1] ?? []),
      opened,
      name,
    );
    assert.ok(documentsOf(found).includes(`bundle ${signed}`), name);
  }
  // The annotations tell an attestation from a signature, which is then opened first.
  registry.script([]);
  const { found } = await all();
  assert.deepEqual(documentsOf(found), [`bundle ${signed}`, `bundle ${slsa}`]);
});

test('C4: a manifest in the list that is about something else is a fault and no signature', async (t) => {
  const { registry, repository, lab, subject, all } = await place(t);
  const other = await publishArtifact(repository, { layers: [{ content: 'other' }] });
  const foreign = await attachBundle(
    repository,
    other.descriptor,
    lab.signBundle(other.descriptor.digest, { key: KEY }),
  );
  const manifests = [{ ...foreign.descriptor, artifactType: COSIGN_2 }];
  const body = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests });
  registry.script([{ path: '/referrers/', status: 200, body, headers: { 'content-type': MediaType.imageIndex } }]);
  assert.deepEqual(faultsOf((await all()).found), ['SIGNATURE_SUBJECT']);
  registry.script([]);
  await attachSimple(repository, other.descriptor, [lab.signSimple(subject.digest, { key: KEY })], {
    shape: 'referrer',
  });
  const linked = await attachSimple(
    repository,
    other.descriptor,
    [lab.signSimple(other.descriptor.digest, { key: KEY })],
    {
      shape: 'referrer',
    },
  );
  await repository.tag(linked.descriptor, companionTag(subject.digest, 'sig'));
  assert.deepEqual(faultsOf((await all()).found), ['SIGNATURE_SUBJECT'], 'a .sig tag that names another subject');
});

test('C1: what cannot be asked is an error, wherever it is asked; what is gone is a fault', async (t) => {
  const cases = [
    [401, 'REGISTRY_UNAUTHORIZED'],
    [403, 'REGISTRY_DENIED'],
    [429, 'REGISTRY_RATE_LIMITED'],
    [500, 'REGISTRY_UNAVAILABLE'],
    [503, 'REGISTRY_UNAVAILABLE'],
  ] as const;
  const { registry, subject, sign, all } = await place(t);
  const [bundle] = await sign();
  const places = [
    '/referrers/',
    `/manifests/${bundle?.digest}`,
    '/blobs/',
    `/manifests/${companionTag(subject.digest, 'sig')}`,
  ];
  for (const path of places) {
    for (const [status, code] of cases) {
      registry.script([{ method: 'GET', path, status, body: '' }]);
      await assert.rejects(all({ limits: { retries: 1 } }), { code }, `${path} ${status}`);
    }
  }
  for (const path of places.slice(1, 3)) {
    registry.script([{ method: 'GET', path, status: 404, body: '' }]);
    assert.deepEqual(faultsOf((await all()).found), ['SIGNATURE_MISSING'], path);
  }
  registry.script([{ method: 'GET', path: `/manifests/${bundle?.digest}`, cut: 10 }]);
  await assert.rejects(all({ limits: { retries: 1 } }), { code: 'REGISTRY_UNREACHABLE' });
});

test('B1: a registry that answers differently the second time is caught by the digest', async (t) => {
  const { registry, sign, all } = await place(t);
  const [bundle] = await sign();
  const flip = (path: string): Rule => ({
    method: 'GET',
    path,
    alter: (body) => Buffer.from(body.toString('latin1').replace('{', '[').replace('a', 'b'), 'latin1'),
  });
  for (const path of [`/manifests/${bundle?.digest}`, '/blobs/']) {
    registry.script([flip(path)]);
    assert.deepEqual(faultsOf((await all()).found), ['CONTENT_DIGEST_MISMATCH'], path);
  }
});

test('C7: ten thousand referrers: the list is read once, and opened up to the limit', async (t) => {
  const { registry, sign, all } = await place(t);
  const [bundle] = await sign();
  assert.ok(bundle);
  const filler = Array.from({ length: 9_999 }, (_, index) => ({
    mediaType: MediaType.imageManifest,
    digest: `sha256:${index.toString(16).padStart(64, '0')}`,
    size: 2,
    artifactType: 'application/spdx+json',
  }));
  const listing = (manifests: readonly object[]): Rule => ({
    path: '/referrers/',
    status: 200,
    body: JSON.stringify({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests }),
    headers: { 'content-type': MediaType.imageIndex },
  });
  registry.script([listing([...filler, { ...bundle, artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' }])]);
  const { found, requests } = await all();
  assert.deepEqual(documentsOf(found), [`bundle ${bundle.digest}`]);
  assert.equal(requests.length, 5, 'what claims to be a signature is opened, and nothing else');
  registry.script([listing(filler)]);
  const untold = await all();
  assert.equal(untold.requests.length, 3 + coreLimits(undefined, 'signatureCandidates'));
  assert.equal(untold.found.at(-1)?.cut?.code, 'SIGNATURE_LIMIT');
});

test('C7: a signature of a gigabyte is refused by the size it declares, and not fetched', async (t) => {
  const { registry, repository, lab, subject, all } = await place(t);
  await attachBundle(repository, subject, lab.signBundle(subject.digest, { key: KEY }), {
    document: (document) => ({
      ...document,
      layers: [{ ...(document['layers'] as readonly object[])[0], size: 1024 ** 3 }],
    }),
  });
  assert.deepEqual(faultsOf((await all()).found), ['SIGNATURE_LIMIT']);
  assert.equal(registry.log.count(undefined, '/blobs/'), 0);
});

for (const limit of ['signatureCandidates', 'signatureLayers', 'signatureBytes'] as const) {
  test(`C7: ${limit} holds at n and n+1`, async (t) => {
    const { repository, lab, subject, sign, all } = await place(t);
    let [size, fewer] = [3, 2];
    if (limit === 'signatureCandidates') await sign(3);
    else if (limit === 'signatureLayers') {
      const layers = Array.from({ length: 3 }, () => lab.signSimple(subject.digest, { key: KEY }));
      await attachSimple(repository, subject, layers);
    } else {
      const bundle = lab.signBundle(subject.digest, { key: KEY });
      await attachBundle(repository, subject, bundle);
      [size, fewer] = [bundle.bytes.length + '{}'.length, 0];
    }
    const at = (await all({ limits: { [limit]: size } })).found;
    assert.equal(documentsOf(at).length, limit === 'signatureBytes' ? 1 : 3);
    assert.deepEqual(faultsOf(at), []);
    const above = (await all({ limits: { [limit]: size - 1 } })).found;
    assert.equal(documentsOf(above).length, fewer);
    assert.deepEqual(faultsOf(above), ['SIGNATURE_LIMIT']);
  });
}

test('what may be signed is looked at in order: the index before the platform', () => {
  const root = { mediaType: MediaType.imageIndex, digest: `sha256:${'1'.repeat(64)}`, size: 1 } as const;
  const manifest = { mediaType: MediaType.imageManifest, digest: `sha256:${'2'.repeat(64)}`, size: 1 } as const;
  assert.deepEqual(signedSubjects({ root, manifest }, 'either'), [root, manifest]);
  assert.deepEqual(signedSubjects({ root, manifest }, 'index'), [root]);
  assert.deepEqual(signedSubjects({ root, manifest }, 'platform'), [manifest]);
  assert.deepEqual(signedSubjects({ root: manifest, manifest }, 'platform'), [manifest]);
});
