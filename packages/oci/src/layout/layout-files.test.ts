import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tempDir } from '@gantry/testkit';
import type { Repository } from '../content.ts';
import { type Descriptor, descriptorOf } from '../descriptor.ts';
import { digestAlgorithm, digestHex } from '../digest.ts';
import { MediaType } from '../media-types.ts';
import type { Op } from '../op.ts';
import { parseReference, type Reference } from '../reference.ts';
import { readAll } from '../verified-stream.ts';
import { openLayout } from './open-layout.ts';

const INVALID = { code: 'CONTENT_LAYOUT_INVALID' };
const SECRET = 'root:x:0:0:secret';

interface Layout {
  readonly directory: string;
  readonly repository: Repository;
  readonly reference: (rest: string) => Reference;
  readonly path: (what: Descriptor) => string;
  readonly index: () => Promise<{ manifests: Record<string, unknown>[] } & Record<string, unknown>>;
}

async function layout(t: TestContext, prepared?: (directory: string) => Promise<void>): Promise<Layout> {
  const directory = join(await tempDir(t), 'layout');
  await prepared?.(directory);
  const repository = await openLayout(directory, { create: prepared === undefined });
  t.after(() => repository[Symbol.asyncDispose]());
  return {
    directory,
    repository,
    reference: (rest) => parseReference(`oci-layout:${directory}${rest}`),
    path: ({ digest }) => join(directory, 'blobs', digestAlgorithm(digest), digestHex(digest)),
    index: async () => JSON.parse(await readFile(join(directory, 'index.json'), 'utf8')),
  };
}

/** What another tool wrote. */
async function foreign(directory: string, index: unknown, blobs: readonly Uint8Array[] = []): Promise<void> {
  await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion": "1.0.0"}\n');
  await writeFile(join(directory, 'index.json'), typeof index === 'string' ? index : JSON.stringify(index));
  for (const blob of blobs) {
    const { digest } = descriptorOf(blob, MediaType.octetStream);
    await writeFile(join(directory, 'blobs', 'sha256', digestHex(digest)), blob);
  }
}

function emptyIndex(salt: string): { readonly bytes: Uint8Array; readonly what: Descriptor } {
  const document = { schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [], annotations: { salt } };
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, what: descriptorOf(bytes, MediaType.imageIndex) };
}

async function push({ repository }: Layout, salt: string, tag?: string, op?: Op): Promise<Descriptor> {
  const { bytes, what } = emptyIndex(salt);
  await repository.pushManifest(what, bytes, tag === undefined ? {} : { tag }, op);
  return what;
}

const named = (what: Descriptor, name: string): object => ({
  ...what,
  annotations: { 'org.opencontainers.image.ref.name': name },
});

test('a new layout is one that other tools read', async (t) => {
  const made = await layout(t);
  const what = await push(made, 'a', 'v1');
  assert.deepEqual(JSON.parse(await readFile(join(made.directory, 'oci-layout'), 'utf8')), {
    imageLayoutVersion: '1.0.0',
  });
  assert.deepEqual(await made.index(), {
    schemaVersion: 2,
    mediaType: MediaType.imageIndex,
    manifests: [named(what, 'v1')],
  });
  await made.repository[Symbol.asyncDispose]();
  assert.deepEqual((await readdir(made.directory)).sort(), ['blobs', 'index.json', 'oci-layout']);
});

test('only an absent or empty directory becomes a layout, and only when asked', async (t) => {
  const directory = await tempDir(t);
  await assert.rejects(openLayout(directory), INVALID);
  await assert.rejects(openLayout(join(directory, 'absent')), INVALID);
  await writeFile(join(directory, 'notes.txt'), 'mine');
  await assert.rejects(openLayout(directory, { create: true }), INVALID);
  assert.deepEqual(await readdir(directory), ['notes.txt']);
  await assert.rejects(openLayout(join(directory, 'notes.txt', 'below'), { create: true }), {
    code: 'CONTENT_LAYOUT_WRITE',
  });
});

test('a layout of another version is refused', async (t) => {
  for (const marker of ['{"imageLayoutVersion":"2.0.0"}', '{}', '[]', '{"imageLayoutVersion":1}', 'x', '']) {
    const directory = await tempDir(t);
    await writeFile(join(directory, 'oci-layout'), marker);
    await assert.rejects(openLayout(directory), { code: /^CONTENT_(LAYOUT_)?INVALID$/ }, marker);
  }
});

test('layouts of other tools: untagged entries, names that are no tags, foreign fields, no media types', async (t) => {
  const first = emptyIndex('first');
  const second = emptyIndex('second');
  const bare = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] }));
  const index = {
    schemaVersion: 2,
    manifests: [
      { ...first.what, platform: { os: 'linux', architecture: 'amd64' }, 'x-theirs': [1] },
      named(second.what, 'docker.io/library/second:v2'),
      named(descriptorOf(bare, MediaType.imageIndex), 'bare'),
    ],
    annotations: { theirs: 'kept' },
    'x-theirs': true,
  };
  const read = await layout(t, (directory) => foreign(directory, index, [first.bytes, second.bytes, bare]));
  const tags: string[] = [];
  for await (const tag of read.repository.tags()) tags.push(tag);
  assert.deepEqual(tags, ['bare']);
  assert.deepEqual(await read.repository.resolve(read.reference(`@${second.what.digest}`)), second.what);
  assert.equal((await read.repository.resolve(read.reference(':bare'))).mediaType, MediaType.imageIndex);
  await push(read, 'third', 'v3');
  const written = await read.index();
  assert.deepEqual({ ...written, manifests: written.manifests.slice(0, 3) }, index);
  assert.equal(written.manifests.length, 4);
});

test('a reference without tag means the only manifest, else the only tagged one, else nothing', async (t) => {
  const made = await layout(t);
  await assert.rejects(made.repository.resolve(made.reference('')), { code: 'CONTENT_NOT_FOUND' });
  const only = await push(made, 'only');
  assert.deepEqual(await made.repository.resolve(made.reference('')), only);
  const tagged = await push(made, 'tagged', 'v1');
  assert.deepEqual(await made.repository.resolve(made.reference('')), tagged);
  await push(made, 'more', 'v2');
  await assert.rejects(made.repository.resolve(made.reference('')), {
    code: 'REFERENCE_UNSUPPORTED',
    message: /v1, v2/,
  });
});

test('children of an index have no entry of their own, referrers and names have', async (t) => {
  const made = await layout(t);
  const child = await push(made, 'child');
  const kept = await push(made, 'kept', 'kept');
  const document = { schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [child, kept] };
  const bytes = Buffer.from(JSON.stringify(document));
  const root = descriptorOf(bytes, MediaType.imageIndex);
  await made.repository.pushManifest(root, bytes, { tag: 'v1' });
  assert.deepEqual((await made.index()).manifests, [named(kept, 'kept'), named(root, 'v1')]);
  assert.deepEqual(await made.repository.resolve(made.reference(`@${child.digest}`)), child);
});

test('a referrer stays listed when its tag moves or goes', async (t) => {
  const made = await layout(t);
  const subject = await push(made, 'subject', 'v1');
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests: [], subject }),
  );
  const referrer = descriptorOf(bytes, MediaType.imageIndex);
  const digests = async (): Promise<string[]> =>
    (await made.repository.referrers(subject)).descriptors.map(({ digest }) => digest);
  await made.repository.pushManifest(referrer, bytes, { tag: 'sig' });
  await push(made, 'other', 'sig');
  assert.deepEqual(await digests(), [referrer.digest]);
  await made.repository.tag(referrer, 'sig2');
  await made.repository.delete({ tag: 'sig2' });
  assert.deepEqual(await digests(), [referrer.digest]);
});

test('a layout that lacks a child still lists referrers, and says that the list may be incomplete', async (t) => {
  const missing = emptyIndex('missing').what;
  const index = { schemaVersion: 2, manifests: [missing] };
  const made = await layout(t, (directory) => foreign(directory, index));
  assert.deepEqual(await made.repository.referrers(missing), { descriptors: [], via: 'api', complete: false });
});

test('referrers and manifests of a layout are limited at n-1, n and n+1', async (t) => {
  const made = await layout(t);
  const subject = await push(made, 'subject', 'v1');
  for (const n of [1, 2, 3]) {
    const document = {
      schemaVersion: 2,
      mediaType: MediaType.imageIndex,
      manifests: [],
      subject,
      annotations: { n: `${n}` },
    };
    const bytes = Buffer.from(JSON.stringify(document));
    await made.repository.pushManifest(descriptorOf(bytes, MediaType.imageIndex), bytes);
    const list = (limits: Record<string, number>): Promise<unknown> =>
      made.repository.referrers(subject, undefined, { limits });
    if (n < 3) await list({ referrers: 2, graphManifests: 3 });
    else {
      await assert.rejects(list({ referrers: 2 }), { code: 'CONTENT_LIMIT' });
      await assert.rejects(list({ graphManifests: 3 }), { code: 'CONTENT_LIMIT' });
    }
  }
});

test('B12: links and special files are never read, wherever they stand', async (t) => {
  const { bytes, what } = emptyIndex('x');
  const outside = join(await tempDir(t), 'passwd');
  await writeFile(outside, SECRET);
  const secret = descriptorOf(Buffer.from(SECRET), MediaType.octetStream);
  const index = { schemaVersion: 2, manifests: [named(what, 'v1')] };
  const blob = (directory: string, { digest }: Descriptor): string =>
    join(directory, 'blobs', 'sha256', digestHex(digest));
  const moved = async (path: string): Promise<void> => {
    await rename(path, `${path}.real`);
    await symlink(`${path}.real`, path);
  };
  const rows: readonly (readonly [name: string, sabotage: (directory: string) => Promise<unknown>])[] = [
    ['blob is a link', (directory) => symlink(outside, blob(directory, secret))],
    ['blob is a link to the right bytes', (directory) => moved(blob(directory, what))],
    ['blob is a directory', (directory) => mkdir(blob(directory, secret))],
    ['blob is a FIFO', async (directory) => execFileSync('mkfifo', [blob(directory, secret)])],
    ['sha256 is a link', (directory) => moved(join(directory, 'blobs', 'sha256'))],
    ['blobs is a link', (directory) => moved(join(directory, 'blobs'))],
    ['index.json is a link', (directory) => moved(join(directory, 'index.json'))],
    ['oci-layout is a link', (directory) => moved(join(directory, 'oci-layout'))],
    [
      'index.json is a FIFO',
      async (directory) => {
        await rm(join(directory, 'index.json'));
        execFileSync('mkfifo', [join(directory, 'index.json')]);
      },
    ],
  ];
  for (const [name, sabotage] of rows) {
    const use = async (): Promise<void> => {
      const made = await layout(t, async (directory) => {
        await foreign(directory, index, [bytes]);
        await sabotage(directory);
      });
      await made.repository.resolve(made.reference(':v1'));
      await readAll(made.repository, secret);
    };
    await assert.rejects(
      use(),
      (error: Error & { code?: string }) => error.code === 'CONTENT_LAYOUT_INVALID' && !error.message.includes(SECRET),
      name,
    );
  }
});

test('B12: nothing is written through a link', async (t) => {
  const outside = await tempDir(t);
  const { bytes, what } = emptyIndex('x');
  for (const name of ['blobs', 'ingest']) {
    const made = await layout(t);
    await rm(join(made.directory, name), { recursive: true, force: true });
    await made.repository[Symbol.asyncDispose]();
    await rm(join(made.directory, name), { recursive: true, force: true });
    await symlink(outside, join(made.directory, name));
    await assert.rejects(made.repository.pushManifest(what, bytes, { tag: 'v1' }), INVALID, name);
    assert.deepEqual(await readdir(outside), []);
  }
});

test('B12: a hostile index.json is an error, and is left as it is', async (t) => {
  const { bytes, what } = emptyIndex('x');
  const entry = JSON.stringify(what);
  const rows: readonly (readonly [index: string, code: RegExp])[] = [
    ['', /INVALID/],
    ['null', /INVALID/],
    ['[]', /INVALID/],
    ['{"manifests":{}}', /INVALID/],
    ['{"manifests":[null]}', /INVALID/],
    ['{"manifests":[],"manifests":[]}', /INVALID/],
    [`{"manifests":[${entry}]} x`, /INVALID/],
    [`{"manifests":[{"mediaType":"a/b","size":1,"digest":"sha256:../../../../etc/passwd"}]}`, /INVALID/],
    [entry.replace(/^(.*)$/, '{"manifests":[$1]}').replace(/"size":\d+/, '"size":-1'), /INVALID/],
    [`{"manifests":[${entry.replace('{', '{"annotations":{"org.opencontainers.image.ref.name":7},')}]}`, /INVALID/],
    [`${'['.repeat(100_000)}`, /LIMIT/],
    [`{"manifests":[${Array(10_001).fill(entry).join(',')}]}`, /LIMIT/],
    [`{"x":"${'y'.repeat(4 * 1024 * 1024)}"}`, /LIMIT/],
  ];
  for (const [index, code] of rows) {
    const made = await layout(t, (directory) => foreign(directory, index, [bytes]));
    await assert.rejects(made.repository.resolve(made.reference(':v1')), { code }, index.slice(0, 80));
    await assert.rejects(push(made, 'y', 'v2'), { code }, index.slice(0, 80));
    assert.equal(await readFile(join(made.directory, 'index.json'), 'utf8'), index);
  }
});

test('B12: what index.json claims about a manifest must be true', async (t) => {
  const { bytes, what } = emptyIndex('x');
  const other = emptyIndex('other').what;
  const rows: readonly (readonly [entry: object, code: string])[] = [
    [named({ ...what, size: what.size + 1 }, 'v1'), 'CONTENT_SIZE_MISMATCH'],
    [named({ ...what, mediaType: MediaType.imageManifest }, 'v1'), 'CONTENT_TYPE_MISMATCH'],
    [named({ ...what, mediaType: 'text/plain' }, 'v1'), 'CONTENT_TYPE_MISMATCH'],
    [named(other, 'v1'), 'CONTENT_NOT_FOUND'],
  ];
  for (const [entry, code] of rows) {
    const made = await layout(t, (directory) => foreign(directory, { schemaVersion: 2, manifests: [entry] }, [bytes]));
    await assert.rejects(made.repository.resolve(made.reference(':v1')), { code });
  }
  const twice = { schemaVersion: 2, manifests: [named(what, 'v1'), named(other, 'v1')] };
  const ambiguous = await layout(t, (directory) => foreign(directory, twice, [bytes]));
  await assert.rejects(ambiguous.repository.resolve(ambiguous.reference(':v1')), INVALID);
});

test('a blob that was flipped on disk is not given away', async (t) => {
  const made = await layout(t);
  const what = await push(made, 'x', 'v1');
  const content = await readFile(made.path(what));
  content.set([(content[5] ?? 0) ^ 1], 5);
  await writeFile(made.path(what), content);
  await assert.rejects(made.repository.resolve(made.reference(':v1')), { code: 'CONTENT_DIGEST_MISMATCH' });
});

test('a damaged blob of the wrong size is written again', async (t) => {
  const made = await layout(t);
  const what = await push(made, 'x', 'v1');
  await writeFile(made.path(what), 'short');
  assert.equal(await made.repository.has(what), false);
  await push(made, 'x', 'v1');
  assert.deepEqual(await made.repository.resolve(made.reference(':v1')), what);
});

test('progress says how much of a blob was written', async (t) => {
  const made = await layout(t);
  const bytes = Buffer.from('0123456789');
  const what = descriptorOf(bytes, MediaType.octetStream);
  const seen: string[] = [];
  const content = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 4);
    yield bytes.subarray(4);
  };
  await made.repository.pushBlob(what, content, {
    onEvent: (event) =>
      event.type === 'progress' && seen.push(`${event.action} ${event.descriptor.digest} ${event.done}/${event.total}`),
  });
  assert.deepEqual(seen, [`push ${what.digest} 4/10`, `push ${what.digest} 10/10`]);
});

test('a failed write leaves nothing behind', async (t) => {
  const made = await layout(t);
  const { what } = emptyIndex('x');
  const failure = new Error('connection lost');
  const broken = made.repository.pushBlob(what, async function* () {
    yield Buffer.from('{"schema');
    throw failure;
  });
  await assert.rejects(broken, failure);
  assert.deepEqual(await readdir(join(made.directory, 'ingest')), []);
  assert.equal(await made.repository.has(what), false);
});

test('E1: a writer killed in the middle leaves the layout as it was, and its leftovers age out', async (t) => {
  const made = await layout(t);
  const before = await push(made, 'before', 'v1');
  const child = run([made.directory, 'die']);
  assert.equal((await child)[1], 'SIGKILL');
  assert.equal((await readdir(join(made.directory, 'ingest'))).length, 1);
  const again = await openLayout(made.directory);
  assert.deepEqual(await again.resolve(made.reference(':v1')), before);
  await push({ ...made, repository: again }, 'after', 'v2');
  assert.equal((await readdir(join(made.directory, 'ingest'))).length, 1, 'it might still be written by somebody');
  const later = await openLayout(made.directory, {}, { limits: { layoutIngestAge: -1 } });
  await push({ ...made, repository: later }, 'later', 'v3');
  assert.deepEqual(await readdir(join(made.directory, 'ingest')), []);
});

test('E4: several processes write to one layout, and no tag is lost', async (t) => {
  const directory = join(await tempDir(t), 'layout');
  const names = ['a', 'b', 'c'];
  const ends = await Promise.all(names.map((name) => run([directory, 'tag', name, '12'])));
  assert.deepEqual(
    ends,
    names.map(() => [0, null]),
  );
  const repository = await openLayout(directory);
  const tags: string[] = [];
  for await (const tag of repository.tags()) tags.push(tag);
  assert.deepEqual(tags.sort(), names.flatMap((name) => Array.from({ length: 12 }, (_, at) => `${name}-${at}`)).sort());
  assert.ok(!(await readdir(directory)).some((name) => name.includes('lock')));
});

test('writes within one process do not lose each other either, in one object or in two', async (t) => {
  const made = await layout(t);
  const second = await openLayout(made.directory);
  await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      push(at % 2 === 0 ? made : { ...made, repository: second }, `${at}`, `t${at}`),
    ),
  );
  assert.equal((await made.index()).manifests.length, 20);
});

test('E3: the lock of a dead process is taken over, and an old one of somebody else too', async (t) => {
  const made = await layout(t);
  const lock = join(made.directory, 'index.json.lock');
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  await writeFile(lock, `${child.pid} ${hostname()} 00`);
  await push(made, 'a', 'v1', { limits: { layoutLockTimeout: 5000 } });
  for (const owner of [`${process.pid} ${hostname()} 00`, '1 elsewhere 00', '', 'nonsense']) {
    await writeFile(lock, owner);
    const old = new Date(Date.now() - 3_600_000);
    await utimes(lock, old, old);
    await push(made, `x${owner}`, 'v2', { limits: { layoutLockTimeout: 5000 } });
  }
  await assert.rejects(stat(lock), { code: 'ENOENT' });
});

test('E3: a lock that is held is waited for, up to the limit or the signal', async (t) => {
  const made = await layout(t);
  const lock = join(made.directory, 'index.json.lock');
  await writeFile(lock, `${process.pid} ${hostname()} 00`);
  await assert.rejects(push(made, 'a', 'v1', { limits: { layoutLockTimeout: 0 } }), { code: 'REGISTRY_CONFLICT' });
  await assert.rejects(push(made, 'a', 'v1', { signal: AbortSignal.timeout(30) }), { name: 'TimeoutError' });
  assert.deepEqual((await made.index()).manifests, []);
  const waiting = push(made, 'a', 'v1');
  await rm(lock);
  await waiting;
  assert.equal((await made.index()).manifests.length, 1);
});

function run(args: readonly string[]): Promise<[number | null, NodeJS.Signals | null]> {
  const script = fileURLToPath(new URL('./layout-writer.fixture.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
}
