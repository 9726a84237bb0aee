import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { buildManifest } from '../build-manifest.ts';
import type { Repository } from '../content.ts';
import { type Descriptor, descriptorOf } from '../descriptor.ts';
import { MediaType } from '../media-types.ts';
import { memoryRepository } from '../memory-repository.ts';
import type { Op } from '../op.ts';
import { parsePlatform } from '../platform.ts';
import { parseReference } from '../reference.ts';
import { companionTag, resolveTag } from '../resolve-tag.ts';
import { readAll } from '../verified-stream.ts';
import { copyGraph } from './copy-graph.ts';

const encode = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const short = ({ mediaType, digest, size }: Descriptor): Descriptor => ({ mediaType, digest, size });

/** Writes artifacts into a repository. */
function author(repository: Repository) {
  async function blob(text: string, mediaType: string = MediaType.octetStream): Promise<Descriptor> {
    const bytes = encode(text);
    const what = descriptorOf(bytes, mediaType);
    await repository.pushBlob(what, async function* () {
      yield bytes;
    });
    return what;
  }
  async function manifest(document: object, tag?: string): Promise<Descriptor> {
    const { mediaType } = document as { mediaType: string };
    const bytes = encode(document);
    const what = descriptorOf(bytes, mediaType);
    await repository.pushManifest(what, bytes, tag === undefined ? {} : { tag });
    return what;
  }
  return {
    blob,
    image: async (layers: readonly string[], more: object = {}): Promise<Descriptor> => {
      const config = await blob('{}', MediaType.empty);
      const described: Descriptor[] = [];
      for (const layer of layers) described.push(await blob(layer));
      return manifest({ schemaVersion: 2, mediaType: MediaType.imageManifest, config, layers: described, ...more });
    },
    index: (manifests: readonly Descriptor[], more: object = {}): Promise<Descriptor> =>
      manifest({ schemaVersion: 2, mediaType: MediaType.imageIndex, manifests, ...more }),
  };
}

/** A repository that writes down what is asked of it. */
function recorded(inner: Repository, log: string[], more: Partial<Repository> = {}): Repository {
  return {
    name: inner.name,
    open: (what, op) => {
      log.push(`open ${what.digest}`);
      return inner.open(what, op);
    },
    resolve: (ref, op) => inner.resolve(ref, op),
    peek: (ref, op) => inner.peek(ref, op),
    referrers: (of, type, op) => {
      log.push(`referrers ${of.digest}`);
      return inner.referrers(of, type, op);
    },
    has: (what, op) => {
      log.push(`has ${what.digest}`);
      return inner.has(what, op);
    },
    pushBlob: async (what, content, op) => {
      await inner.pushBlob(what, content, op);
      log.push(`blob ${what.digest}`);
    },
    pushManifest: async (what, bytes, options, op) => {
      await inner.pushManifest(what, bytes, options, op);
      log.push(`manifest ${what.digest}${options?.tag === undefined ? '' : ` ${options.tag}`}`);
    },
    tag: (what, tag, op) => inner.tag(what, tag, op),
    tags: (op) => inner.tags(op),
    delete: (what, op) => inner.delete(what, op),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    ...more,
  };
}

const v1 = parseReference('a.example/x:v1');

test('an index arrives whole: blobs before manifests, children before the index, the tag with the last write', async () => {
  const source = memoryRepository('source.example/a');
  const { image, index } = author(source);
  const children = [await image(['one', 'shared']), await image(['two', 'shared'])];
  const root = await index(children);
  const log: string[] = [];
  const target = memoryRepository('target.example/b');
  const copied = await copyGraph(source, recorded(target, log), { ...root, annotations: { a: 'b' } }, { tag: 'v1' });
  assert.deepEqual(copied, root);
  assert.deepEqual(await target.resolve(v1), root);
  assert.equal(log.length, 4 + 3, 'config and three layers once each, three manifests');
  assert.equal(log.at(-1), `manifest ${root.digest} v1`);
  for (const child of children) {
    const at = log.indexOf(`manifest ${child.digest}`);
    const { layers, config } = JSON.parse(Buffer.from(await readAll(target, child)).toString());
    for (const { digest } of [config, ...layers]) assert.ok(log.indexOf(`blob ${digest}`) < at);
  }
});

test('reads and writes are as few as the protocol allows: no question is asked before an answer is needed', async () => {
  const source = memoryRepository('source.example/a');
  const { image } = author(source);
  const root = await image(Array.from({ length: 50 }, (_, at) => `layer ${at}`));
  const reads: string[] = [];
  const writes: string[] = [];
  await copyGraph(recorded(source, reads), recorded(memoryRepository('t.example/b'), writes), root, { tag: 'v1' });
  assert.equal(reads.length, 52);
  assert.equal(new Set(reads).size, 52);
  assert.deepEqual(
    writes.filter((line) => line.startsWith('has')),
    [],
  );
  assert.equal(writes.length, 52);
});

test('embedded data is written without asking the source for it', async () => {
  const source = memoryRepository();
  const bytes = encode('embedded');
  const data = { ...descriptorOf(bytes, 'text/plain'), data: Buffer.from(bytes).toString('base64') };
  const root = await author(source).image([], { layers: [data] });
  const target = memoryRepository('target');
  await copyGraph(source, target, root);
  assert.equal(await target.has(descriptorOf(bytes, 'text/plain')), true);
});

test('one platform of an index is copied as the root', async () => {
  const source = memoryRepository();
  const { image, index } = author(source);
  const amd64 = await image(['amd64']);
  const arm64 = await image(['arm64']);
  const wasm = await image(['wasm']);
  const root = await index([
    { ...amd64, platform: parsePlatform('linux/amd64') },
    { ...arm64, platform: parsePlatform('linux/arm64') },
    { ...wasm, platform: parsePlatform('wasi/wasm') },
  ]);
  const target = memoryRepository('target');
  const copied = await copyGraph(source, target, root, { platform: parsePlatform('linux/arm64'), tag: 'v1' });
  assert.deepEqual(copied, arm64);
  assert.deepEqual(await target.resolve(v1), arm64);
  assert.equal(await target.has(amd64), false);
  const other = copyGraph(source, target, root, { platform: parsePlatform('linux/s390x') });
  await assert.rejects(other, { code: 'CONTENT_NO_PLATFORM' }, 'Wasm does not stand in for a platform that was named');
});

test('what refers to the root, to its children and to referrers is copied, before the tag', async () => {
  const source = memoryRepository();
  const { image, index } = author(source);
  const child = await image(['child']);
  const root = await index([child]);
  const onRoot = await image(['signature'], { subject: root });
  const onChild = await image(['sbom'], { subject: child });
  const onReferrer = await image(['signature of signature'], { subject: onRoot });
  await image(['unrelated']);
  const log: string[] = [];
  const target = memoryRepository('target');
  await copyGraph(source, recorded(target, log), root, { tag: 'v1', referrers: true });
  assert.equal(log.at(-1), `manifest ${root.digest} v1`);
  for (const [subject, referrer] of [
    [root, onRoot],
    [child, onChild],
    [onRoot, onReferrer],
  ] as const) {
    assert.deepEqual((await target.referrers(subject)).descriptors.map(short), [referrer]);
  }
  assert.equal(log.filter((line) => line.startsWith('manifest')).length, 5);
  const without = memoryRepository('without');
  await copyGraph(source, without, root);
  assert.equal(await without.has(onRoot), false);
});

test('B9: a referrer that lists what it refers to closes a cycle and is copied once', async () => {
  const source = memoryRepository();
  const { image, index } = author(source);
  const child = await image(['child']);
  const root = await index([child]);
  const around = await index([root], { subject: child });
  const log: string[] = [];
  const target = memoryRepository('target');
  await copyGraph(source, recorded(target, log), root, { tag: 'v1', referrers: true });
  assert.deepEqual(await target.resolve(v1), root);
  assert.deepEqual((await target.referrers(child)).descriptors.map(short), [around]);
  assert.equal(log.filter((line) => line === `manifest ${around.digest}`).length, 1);
});

test('B9: lists are claims: wrong subjects, circles and missing manifests are left out with a warning', async () => {
  const source = memoryRepository('source.example/a');
  const { image } = author(source);
  const root = await image(['root']);
  const other = await image(['other']);
  const wrong = await image(['wrong'], { subject: other });
  const right = await image(['right'], { subject: root });
  const missing = descriptorOf(encode('missing'), MediaType.imageManifest);
  // The source answers every question with the same unfiltered list, the root included.
  const lying = recorded(source, [], {
    referrers: async () => ({ descriptors: [wrong, missing, root, right], via: 'tag', complete: false }),
  });
  const warnings: string[] = [];
  const target = memoryRepository('target');
  const op: Op = { onEvent: (event) => event.type === 'warning' && warnings.push(event.message) };
  await copyGraph(lying, target, root, { tag: 'v1', referrers: true }, op);
  assert.deepEqual((await target.referrers(root)).descriptors.map(short), [right]);
  assert.equal(await target.has(wrong), false);
  assert.ok(warnings.some((text) => text.includes(wrong.digest) && text.includes('does not name it')));
  assert.ok(warnings.some((text) => text.includes(missing.digest) && text.includes('not there')));
  assert.ok(warnings.some((text) => text.includes('incomplete')));
});

test('B9: a referrer that one list misplaces is still found by the list it belongs to', async () => {
  const source = memoryRepository();
  const { image, index } = author(source);
  const child = await image(['child']);
  const root = await index([child]);
  const onChild = await image(['late'], { subject: child });
  const lying = recorded(source, [], {
    referrers: async () => ({ descriptors: [onChild], via: 'api', complete: true }),
  });
  const target = memoryRepository('target');
  await copyGraph(lying, target, root, { referrers: true });
  assert.deepEqual((await target.referrers(child)).descriptors.map(short), [onChild]);
});

test('B9: manifests that are listed as referrers and are none are not kept in memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const source = memoryRepository();
  const { image } = author(source);
  const root = await image(['root']);
  const claimed = Array.from({ length: 20 }, (_, at) => buildManifest({ layers: [], annotations: { at: String(at) } }));
  const read: WeakRef<Uint8Array>[] = [];
  const lying = recorded(source, [], {
    referrers: async () => ({ descriptors: claimed.map(({ descriptor }) => descriptor), via: 'api', complete: true }),
    open: (what) => {
      const built = claimed.find(({ descriptor }) => descriptor.digest === what.digest);
      if (built === undefined) return source.open(what);
      const bytes = Uint8Array.from(built.bytes);
      read.push(new WeakRef(bytes));
      return Readable.from([bytes]);
    },
  });
  let kept = 0;
  await copyGraph(
    lying,
    memoryRepository('target'),
    root,
    { referrers: true },
    {
      onEvent: ({ type }) => {
        if (type !== 'warning') return;
        collect();
        kept = read.filter((reference) => reference.deref() !== undefined).length;
      },
    },
  );
  assert.equal(read.length, claimed.length);
  assert.ok(kept <= 6, `${kept} of ${read.length} are kept`);
});

test('B9: ten thousand referrers are copied or refused by the limit, not endless', async () => {
  const source = memoryRepository();
  const root = await author(source).image(['root']);
  const many = Array.from({ length: 10_000 }, (_, at) => descriptorOf(encode(String(at)), MediaType.imageManifest));
  const flooding = recorded(source, [], {
    referrers: async () => ({ descriptors: many, via: 'api', complete: true }),
  });
  await assert.rejects(copyGraph(flooding, memoryRepository('target'), root, { referrers: true, tag: 'v1' }), {
    code: 'CONTENT_LIMIT',
  });
});

test('within a registry blobs are mounted, and pushed when the registry does not', async () => {
  const source = memoryRepository('r.example:5000/team/a');
  const root = await author(source).image(['one', 'two']);
  const two = descriptorOf(encode('two'), MediaType.octetStream);
  const inner = memoryRepository('r.example:5000/team/b');
  const log: string[] = [];
  const target = recorded(inner, log, {
    mount: async (what, from) => {
      log.push(`mount ${from}`);
      if (what.digest === two.digest) return false;
      await inner.pushBlob(what, () => source.open(what));
      return true;
    },
  });
  const reads: string[] = [];
  await copyGraph(recorded(source, reads), target, root, { tag: 'v1' });
  assert.equal(log.filter((line) => line === 'mount team/a').length, 3);
  assert.deepEqual(reads, [`open ${root.digest}`, `open ${two.digest}`]);
  for (const name of ['r.example/team/a', 'r.example:50/team/a', 'oci-layout:r.example:5000/x', 'memory']) {
    const elsewhere = recorded(source, [], { name });
    await copyGraph(
      elsewhere,
      recorded(memoryRepository('r.example:5000/c'), [], { mount: () => assert.fail('must not mount') }),
      root,
    );
  }
});

test('within one repository nothing is moved', async () => {
  const source = memoryRepository('r.example/a');
  const root = await author(source).image(['one', 'two']);
  const log: string[] = [];
  const same = recorded(source, log, { mount: () => assert.fail('must not mount') });
  await copyGraph(source, same, root, { tag: 'again' });
  assert.deepEqual(
    log.filter((line) => line.startsWith('blob')),
    [],
  );
  assert.equal(log.at(-1), `manifest ${root.digest} again`);
});

test('no more transfers than allowed run at once, and all of them when there is room', async () => {
  const source = memoryRepository();
  const { image, index } = author(source);
  const children: Descriptor[] = [];
  for (const child of [0, 1, 2, 3]) children.push(await image([0, 1, 2, 3].map((layer) => `${child} ${layer}`)));
  const root = await index(children);
  for (const parallel of [1, 3]) {
    let now = 0;
    let most = 0;
    const inner = memoryRepository('target');
    const slow = recorded(inner, [], {
      pushBlob: async (what, content, op) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        await inner.pushBlob(what, content, op);
        now--;
      },
    });
    await copyGraph(source, slow, root, {}, { limits: { parallelTransfers: parallel } });
    assert.equal(most, parallel);
  }
});

test('a failure cancels the rest, leaves nothing running and sets no tag', async () => {
  const source = memoryRepository();
  const root = await author(source).image(Array.from({ length: 20 }, (_, at) => `layer ${at}`));
  const failure = new Error('disk full');
  let running = 0;
  let pushed = 0;
  const inner = memoryRepository('target');
  const failing = recorded(inner, [], {
    pushBlob: async (what, content, op) => {
      running++;
      try {
        await new Promise((resolve) => setImmediate(resolve));
        op?.signal?.throwIfAborted();
        if (++pushed === 3) throw failure;
        await inner.pushBlob(what, content, op);
      } finally {
        running--;
      }
    },
  });
  await assert.rejects(copyGraph(source, failing, root, { tag: 'v1' }), failure);
  assert.equal(running, 0);
  assert.ok(pushed < 10, `${pushed} of 21 blobs were tried`);
  await assert.rejects(inner.resolve(v1), { code: 'CONTENT_NOT_FOUND' });
});

test('F12: cancelling ends it with the reason of the signal', async () => {
  const source = memoryRepository();
  const root = await author(source).image(['one', 'two', 'three']);
  const abort = new AbortController();
  const reason = new Error('enough');
  const inner = memoryRepository('target');
  const target = recorded(inner, [], {
    pushBlob: async (what, content, op) => {
      abort.abort(reason);
      await inner.pushBlob(what, content, op);
    },
  });
  await assert.rejects(copyGraph(source, target, root, { tag: 'v1' }, { signal: abort.signal }), reason);
  await assert.rejects(copyGraph(source, target, root, {}, { signal: AbortSignal.abort() }), { name: 'AbortError' });
});

test('B1: content that is not what the manifest names stops the copy', async () => {
  const source = memoryRepository();
  const root = await author(source).image(['good']);
  const good = descriptorOf(encode('good'), MediaType.octetStream);
  const lying = recorded(source, [], {
    open: (what, op) =>
      what.digest !== good.digest
        ? source.open(what, op)
        : (async function* () {
            yield encode('evil');
          })(),
  });
  const target = memoryRepository('target');
  await assert.rejects(copyGraph(lying, target, root, { tag: 'v1' }), { code: 'CONTENT_DIGEST_MISMATCH' });
  assert.equal(await target.has(good), false);
  await assert.rejects(target.resolve(v1), { code: 'CONTENT_NOT_FOUND' });
});

test('B8: number of manifests and depth of indexes are limited at n-1, n and n+1', async () => {
  const source = memoryRepository();
  const { image, index } = author(source);
  const many = async (count: number): Promise<Descriptor> => {
    const children: Descriptor[] = [];
    for (let at = 1; at < count; at++) children.push(await image([`${count} ${at}`]));
    return index(children);
  };
  const op: Op = { limits: { graphManifests: 5 } };
  for (const count of [4, 5]) await copyGraph(source, memoryRepository('target'), await many(count), {}, op);
  await assert.rejects(copyGraph(source, memoryRepository('target'), await many(6), {}, op), { code: 'CONTENT_LIMIT' });
  let tower = await index([]);
  const narrow: Op = { limits: { indexDepth: 2 } };
  for (const height of [1, 2, 3]) {
    tower = await index([tower]);
    const copy = copyGraph(source, memoryRepository('target'), tower, {}, narrow);
    if (height < 3) await copy;
    else await assert.rejects(copy, { code: 'CONTENT_LIMIT' });
  }
});

test('a digest named as a blob and as a manifest arrives as both', async () => {
  const source = memoryRepository();
  const { image, index } = author(source);
  const child = await image(['x']);
  const asBlob = { ...child, mediaType: 'application/json' };
  const holder = await image([], { layers: [asBlob] });
  const root = await index([holder, child]);
  const log: string[] = [];
  await copyGraph(source, recorded(memoryRepository('target'), log), root);
  assert.ok(log.includes(`blob ${child.digest}`) && log.includes(`manifest ${child.digest}`));
});

test('signatures under companion tags are copied with their subjects, and what the destination alone has is kept', async () => {
  const source = memoryRepository();
  const from = author(source);
  const child = await from.image(['x']);
  const root = await from.index([child]);
  const signature = (name: string) => ({
    ...descriptorOf(encode('payload'), 'application/json'),
    annotations: { name },
  });
  await from.blob('payload', 'application/json');
  const signatures = (...names: string[]) => from.image([], { layers: names.map(signature) });
  const sig = companionTag(child.digest, 'sig');
  const first = await signatures('one');
  await source.tag(first, sig);
  await source.tag(await from.image(['sbom']), companionTag(root.digest, 'sbom'));

  const plain = memoryRepository('plain');
  await copyGraph(source, plain, root);
  assert.equal(await resolveTag(plain, sig), undefined, 'only when referrers are asked for');

  const target = memoryRepository('target');
  await copyGraph(source, target, root, { referrers: true });
  assert.equal((await resolveTag(target, sig))?.digest, first.digest);
  assert.ok((await resolveTag(target, companionTag(root.digest, 'sbom'))) !== undefined);

  const both = await signatures('one', 'two');
  await source.tag(both, sig);
  await copyGraph(source, target, root, { referrers: true });
  assert.equal((await resolveTag(target, sig))?.digest, both.digest, 'more signatures replace fewer');

  await source.tag(first, sig);
  const warnings: string[] = [];
  await copyGraph(
    source,
    target,
    root,
    { referrers: true },
    { onEvent: (event) => void warnings.push(JSON.stringify(event)) },
  );
  assert.equal((await resolveTag(target, sig))?.digest, both.digest, 'a signature of the destination is never lost');
  assert.match(warnings.join(), /left as it is at the destination/);
});

test('C1: companion tags that cannot be asked for stop the copy, so that no signature is lost unnoticed', async () => {
  const source = memoryRepository();
  const root = await author(source).image(['x']);
  const denied = Object.assign(new Error('denied'), { code: 'REGISTRY_DENIED' });
  const failing = recorded(source, [], { resolve: () => Promise.reject(denied) });
  await assert.rejects(copyGraph(failing, memoryRepository('target'), root, { referrers: true }), denied);
});
