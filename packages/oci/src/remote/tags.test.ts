import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rule } from '@gantry/testkit';
import { all, manifest, type RemoteWorld, remoteWorld, stockManifest } from './remote-world.fixture.ts';

const LIST = '/tags/list';

async function tags({ repository, op }: RemoteWorld): Promise<string[]> {
  return all(repository.tags(op));
}

function page(list: unknown, link?: string, nth?: number): Rule {
  return {
    path: LIST,
    status: 200,
    body: JSON.stringify({ name: 'team/app', tags: list }),
    headers: { 'content-type': 'application/json', ...(link === undefined ? {} : { link }) },
    ...(nth === undefined ? {} : { nth }),
  };
}

test('tags come over all pages, in the order of the registry', async (t) => {
  const world = await remoteWorld(t, [], { script: { limits: { servedPage: 2 } } });
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names) await stockManifest(world, manifest(), name);
  assert.deepEqual(await tags(world), names);
  assert.equal(world.registry.log.count('GET', LIST), 3);
  assert.equal(world.registry.log.requests[0]?.query, 'n=1000');
});

test('pages are asked for as the reader comes to them', async (t) => {
  const world = await remoteWorld(t, [], { script: { limits: { servedPage: 2 } } });
  for (const name of ['a', 'b', 'c']) await stockManifest(world, manifest(), name);
  for await (const tag of world.repository.tags(world.op)) {
    assert.equal(tag, 'a');
    break;
  }
  assert.equal(world.registry.log.count('GET', LIST), 1);
});

test('a list that is cut at the size of a page without a link is asked for further, until nothing new comes', async (t) => {
  const names = Array.from({ length: 1500 }, (_, at) => `v${10_000 + at}`);
  const world = await remoteWorld(t, [page(names.slice(0, 1000), undefined, 1), page(names.slice(1000), undefined, 2)]);
  assert.deepEqual(await tags(world), names);
  assert.deepEqual(
    world.registry.log.requests.map(({ query }) => query),
    ['n=1000', 'n=1000&last=v10999'],
  );

  const deaf = await remoteWorld(t, [page(names.slice(0, 1000))]);
  assert.deepEqual(await tags(deaf), names.slice(0, 1000));
  assert.equal(deaf.registry.log.count('GET', LIST), 2);
});

test('F13: tags: null is an empty list; a registry without pages may give all, unsorted and twice', async (t) => {
  const cases: readonly [unknown, string[]][] = [
    [null, []],
    [[], []],
    [
      ['z', 'a', 'z'],
      ['z', 'a'],
    ],
  ];
  for (const [list, expected] of cases) assert.deepEqual(await tags(await remoteWorld(t, [page(list)])), expected);
});

test('what is not a list of tags is an error', async (t) => {
  for (const list of [undefined, 'v1', [1], [null], ['a/b'], ['a\u001b[2J'], [''], { a: 'b' }]) {
    await assert.rejects(tags(await remoteWorld(t, [page(list)])), { code: 'REGISTRY_PROTOCOL' }, JSON.stringify(list));
  }
  for (const body of ['', 'null', '[]', '<html>', '{"tags":["a"],"tags":["b"]}']) {
    await assert.rejects(tags(await remoteWorld(t, [{ path: LIST, status: 200, body }])), {
      code: 'REGISTRY_PROTOCOL',
    });
  }
});

test('a repository that is not there is named', async (t) => {
  const world = await remoteWorld(t);
  await assert.rejects(tags(world), {
    code: 'REGISTRY_NOT_FOUND',
    message: `the repository ${world.repository.name} is not in the registry`,
  });
});

test('A6: a next link that leaves the origin is refused', async (t) => {
  const elsewhere = await remoteWorld(t);
  const targets = [
    'http://169.254.169.254/latest/meta-data',
    `${elsewhere.registry.url}/v2/team/app/tags/list`,
    'https://127.0.0.1/v2/',
    '//elsewhere.example/v2/',
    'file:///etc/passwd',
  ];
  for (const target of targets) {
    const world = await remoteWorld(t, [page(['a'], `<${target}>; rel="next"`)]);
    await assert.rejects(tags(world), { code: 'REGISTRY_REDIRECT_REFUSED' }, target);
    assert.equal(world.registry.log.count(), 1);
  }
  assert.equal(elsewhere.registry.connections(), 0);
});

test('A6: a next link that leads back is an error', async (t) => {
  const self = await remoteWorld(t, [page(['a'], '<?n=1000>; rel="next"')]);
  await assert.rejects(tags(self), { code: 'REGISTRY_PROTOCOL' });
  const circle = await remoteWorld(t, [
    page(['a'], '<?p=2>; rel="next"', 1),
    page(['b'], '<?p=3>; rel="next"', 2),
    page(['c'], '<?p=2>; rel="next"', 3),
  ]);
  await assert.rejects(tags(circle), { code: 'REGISTRY_PROTOCOL' });
  assert.equal(circle.registry.log.count(), 3);
});

/** Pages of one tag each without end. */
function endless(): Rule[] {
  let count = 0;
  return [
    {
      path: LIST,
      status: 200,
      body: '{"tags":[]}',
      headers: () => {
        count += 1;
        return { link: `<?p=${count}>; rel="next"` };
      },
    },
  ];
}

test('A6: pages at n-1, n and n+1, and without end', async (t) => {
  for (const [pages, code] of [
    [2, 'REGISTRY_LIMIT'],
    [3, undefined],
    [4, undefined],
  ] as const) {
    const world = await remoteWorld(t, [], { script: { limits: { servedPage: 1 } }, limits: { pages } });
    for (const name of ['a', 'b', 'c']) await stockManifest(world, manifest(), name);
    if (code === undefined) assert.equal((await tags(world)).length, 3);
    else await assert.rejects(tags(world), { code });
  }
  const world = await remoteWorld(t, endless());
  await assert.rejects(tags(world), { code: 'REGISTRY_LIMIT' });
  assert.equal(world.registry.log.count(), 1000);
});

test('A6: tags, linkHeaderBytes and tagListBytes at n-1, n and n+1', async (t) => {
  const link = '<?p=2>; rel="next"';
  const body = JSON.stringify({ name: 'team/app', tags: ['a', 'b', 'c'] });
  const limits = { tags: 3, linkHeaderBytes: link.length, tagListBytes: body.length };
  for (const [name, exact] of Object.entries(limits)) {
    for (const value of [exact - 1, exact, exact + 1]) {
      const world = await remoteWorld(t, [page(['a', 'b', 'c'], link, 1), page([], undefined, 2)], {
        limits: { [name]: value },
      });
      if (value >= exact) assert.equal((await tags(world)).length, 3, `${name} ${value}`);
      else await assert.rejects(tags(world), { code: 'REGISTRY_LIMIT' }, `${name} ${value}`);
    }
  }
});

test('tagListBytes at n-1, n and n+1, also above the limit of a manifest', async (t) => {
  const body = JSON.stringify({ name: 'team/app', tags: ['a', 'b'] });
  for (const [limit, fits] of [
    [body.length - 1, false],
    [body.length, true],
    [body.length + 1, true],
  ] as const) {
    const limits = { tagListBytes: limit, manifestBytes: 10 };
    const world = await remoteWorld(t, [page(['a', 'b'])], { limits });
    if (fits) assert.deepEqual(await tags(world), ['a', 'b']);
    else await assert.rejects(tags(world), { code: 'REGISTRY_LIMIT' });
  }
  const world = await remoteWorld(t, [page(['a', 'b'])], { limits: { jsonValues: 2 } });
  await assert.rejects(tags(world), { code: 'CONTENT_LIMIT' });
});
