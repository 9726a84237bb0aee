import assert from 'node:assert/strict';
import { digestOf, MediaType } from '@gantry/oci';
import { startRegistry } from '@gantry/testkit';
import { type Answer, conformanceTest, RawClient } from './client.fixture.ts';

interface TagList {
  readonly name: string;
  readonly tags: readonly string[];
}

interface ReferrerList {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly manifests: readonly { readonly digest: string; readonly artifactType?: string }[];
}

function json<T>(answer: Answer): T {
  assert.equal(answer.status, 200);
  return JSON.parse(answer.body.toString()) as T;
}

function nextPage(answer: Answer): string | undefined {
  return /^<([^>]+)>; rel="next"$/.exec(String(answer.headers.link ?? ''))?.[1];
}

async function pages<T>(client: RawClient, first: string, items: (answer: Answer) => readonly T[]): Promise<T[][]> {
  const all: T[][] = [];
  for (let path: string | undefined = first; path !== undefined; ) {
    const answer: Answer = await client.ask('GET', path);
    all.push([...items(answer)]);
    path = nextPage(answer);
  }
  return all;
}

const tagsOf = (answer: Answer): readonly string[] => json<TagList>(answer).tags;
const digestsOf = (answer: Answer): readonly string[] =>
  json<ReferrerList>(answer).manifests.map(({ digest }) => digest);

conformanceTest('end-8: tags sorted, in pages, after last', async (client) => {
  for (const tag of ['b', 'a', 'C', '_d', '1.0', 'latest']) await client.pushArtifact('a/b', tag);
  const sorted = ['1.0', 'C', '_d', 'a', 'b', 'latest'];
  assert.deepEqual(json<TagList>(await client.ask('GET', '/v2/a/b/tags/list')), { name: 'a/b', tags: sorted });
  assert.deepEqual(await pages(client, '/v2/a/b/tags/list?n=4', tagsOf), [sorted.slice(0, 4), sorted.slice(4)]);
  assert.deepEqual(await pages(client, '/v2/a/b/tags/list?n=6', tagsOf), [sorted]);
  assert.deepEqual(tagsOf(await client.ask('GET', '/v2/a/b/tags/list?last=a')), ['b', 'latest']);
  assert.deepEqual(tagsOf(await client.ask('GET', '/v2/a/b/tags/list?n=1&last=aa')), ['b']);
  assert.deepEqual(await pages(client, '/v2/a/b/tags/list?n=0', tagsOf), [[]]);
  assert.equal((await client.ask('GET', '/v2/a/b/tags/list?n=x')).status, 400);
});

conformanceTest('F13: a repository without tags has an empty list', async (client) => {
  await client.pushArtifact('a', undefined);
  assert.deepEqual(tagsOf(await client.ask('GET', '/v2/a/tags/list')), []);
});

for (const [limit, expected] of [
  [1, [['a'], ['b']]],
  [2, [['a', 'b']]],
  [3, [['a', 'b']]],
] as const) {
  conformanceTest(
    `servedPage: two tags under a limit of ${limit}`,
    async (client) => {
      for (const tag of ['a', 'b']) await client.pushArtifact('a', tag);
      assert.deepEqual(await pages(client, '/v2/a/tags/list', tagsOf), expected);
      assert.deepEqual(await pages(client, '/v2/a/tags/list?n=1000', tagsOf), expected);
    },
    { limits: { servedPage: limit } },
  );
}

conformanceTest('end-12: referrers with types, annotations and filter; the subject may come later', async (client) => {
  const later = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] }));
  const subject = { mediaType: MediaType.imageIndex, digest: digestOf(later), size: later.length };
  const signature = await client.pushArtifact('a', undefined, {
    subject,
    artifactType: 'application/signature',
    annotations: { by: 'ann' },
  });
  const config = await client.pushArtifact('a', undefined, { subject });
  const indexBytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [], subject, artifactType: 'a/b' }),
  );
  const index = await client.putManifest('a', digestOf(indexBytes), indexBytes, MediaType.imageIndex);
  assert.equal(signature.answer.headers['oci-subject'], subject.digest);
  assert.equal(index.headers['oci-subject'], subject.digest);

  const path = `/v2/a/referrers/${subject.digest}`;
  const whole = await client.ask('GET', path);
  assert.equal(whole.headers['content-type'], MediaType.imageIndex);
  assert.equal(whole.headers['oci-filters-applied'], undefined);
  const list = json<ReferrerList>(whole);
  assert.deepEqual([list.schemaVersion, list.mediaType], [2, MediaType.imageIndex]);
  const { mediaType } = signature.descriptor;
  const expected = [
    {
      mediaType,
      digest: signature.digest,
      size: signature.bytes.length,
      artifactType: 'application/signature',
      annotations: { by: 'ann' },
    },
    { mediaType, digest: config.digest, size: config.bytes.length, artifactType: MediaType.empty },
    { mediaType: MediaType.imageIndex, digest: digestOf(indexBytes), size: indexBytes.length, artifactType: 'a/b' },
  ];
  const byDigest = (a: { digest: string }, b: { digest: string }): number => (a.digest < b.digest ? -1 : 1);
  assert.deepEqual(list.manifests, expected.sort(byDigest));

  const filtered = await client.ask('GET', `${path}?artifactType=${encodeURIComponent('application/signature')}`);
  assert.equal(filtered.headers['oci-filters-applied'], 'artifactType');
  assert.deepEqual(digestsOf(filtered), [signature.digest]);
  assert.deepEqual(digestsOf(await client.ask('GET', `${path}?artifactType=none`)), []);

  await client.putManifest('a', 'v1', later, MediaType.imageIndex);
  await client.ask('DELETE', `/v2/a/manifests/${config.digest}`);
  assert.equal(digestsOf(await client.ask('GET', path)).length, 2);
});

conformanceTest('nothing refers to it: an empty index, also in a repository that is not there', async (client) => {
  const path = `/referrers/${digestOf(Buffer.from('x'))}`;
  for (const repository of ['a', 'absent']) {
    assert.deepEqual(digestsOf(await client.ask('GET', `/v2/${repository}${path}`)), []);
  }
});

for (const [name, limits, sizes] of [
  ['servedPage of 1', { servedPage: 1 }, [1, 1, 1]],
  ['servedPage of 2', { servedPage: 2 }, [2, 1]],
  ['servedPage of 3', { servedPage: 3 }, [3]],
] as const) {
  conformanceTest(
    `referrers in pages: ${name}`,
    async (client) => {
      const subject = { mediaType: MediaType.imageManifest, digest: digestOf(Buffer.from('s')), size: 1 };
      const pushed: string[] = [];
      for (const n of ['1', '2', '3']) {
        const { digest } = await client.pushArtifact('a', undefined, { subject, annotations: { n } });
        pushed.push(digest);
      }
      for (const query of ['', `?artifactType=${encodeURIComponent(MediaType.empty)}`]) {
        const got = await pages(client, `/v2/a/referrers/${subject.digest}${query}`, digestsOf);
        assert.deepEqual(got.flat(), pushed.sort());
        assert.deepEqual(
          got.map((page) => page.length),
          sizes,
        );
      }
    },
    { limits },
  );
}

conformanceTest('servedPageBytes: three referrers of the same size', async (client, t) => {
  const subject = { mediaType: MediaType.imageManifest, digest: digestOf(Buffer.from('s')), size: 1 };
  for (const n of ['1', '2', '3']) await client.pushArtifact('a', undefined, { subject, annotations: { n } });
  const path = `/v2/a/referrers/${subject.digest}`;
  const [first] = json<ReferrerList>(await client.ask('GET', path)).manifests;
  const size = JSON.stringify(first).length;
  for (const [limit, sizes] of [
    [1, [1, 1, 1]],
    [2 * size - 1, [1, 1, 1]],
    [2 * size, [2, 1]],
    [2 * size + 1, [2, 1]],
    [3 * size, [3]],
  ] as const) {
    const { storage } = client.registry;
    const limited = new RawClient(await startRegistry(t, { storage, limits: { servedPageBytes: limit } }));
    const found = (await pages(limited, path, digestsOf)).map((page) => page.length);
    assert.deepEqual(found, sizes, String(limit));
  }
});
