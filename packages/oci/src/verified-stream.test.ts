import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContentSource } from './content.ts';
import { type Descriptor, descriptorOf } from './descriptor.ts';
import { readAll, verifiedStream, verifyBytes } from './verified-stream.ts';

const BODY = new TextEncoder().encode('the bytes that were promised');
const WHAT = descriptorOf(BODY, 'application/octet-stream');

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(bytes.subarray(at, at + size));
  return out;
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set([(copy.at(at) ?? 0) ^ 1], at < 0 ? copy.length + at : at);
  return copy;
}

test('B1: the right bytes pass, however they are cut, empty pieces included', async () => {
  for (const size of [1, 2, 27, 28, 100]) {
    const cut = pieces(BODY, size).flatMap((piece) => [new Uint8Array(), piece, new Uint8Array()]);
    assert.deepEqual(await collect(verifiedStream(WHAT, cut)), Buffer.from(BODY));
  }
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const empty = descriptorOf(new Uint8Array(), 'x/y', algorithm);
    assert.equal((await collect(verifiedStream(empty, []))).length, 0);
    assert.equal((await collect(verifiedStream(descriptorOf(BODY, 'x/y', algorithm), [BODY]))).length, BODY.length);
  }
});

test('B1: flipped, short and long bodies are errors before the last byte is given', async () => {
  const rows: readonly (readonly [name: string, body: Uint8Array, code: string])[] = [
    ['first byte flipped', flip(BODY, 0), 'CONTENT_DIGEST_MISMATCH'],
    ['last byte flipped', flip(BODY, -1), 'CONTENT_DIGEST_MISMATCH'],
    ['one byte dropped', BODY.subarray(0, -1), 'CONTENT_SIZE_MISMATCH'],
    ['one byte added', Buffer.concat([BODY, Buffer.from('x')]), 'CONTENT_SIZE_MISMATCH'],
    ['empty', new Uint8Array(), 'CONTENT_SIZE_MISMATCH'],
  ];
  for (const [name, body, code] of rows) {
    for (const size of [1, 5, 28, 29]) {
      let given = 0;
      await assert.rejects(
        async () => {
          for await (const chunk of verifiedStream(WHAT, pieces(body, size), undefined, 'test')) given += chunk.length;
        },
        { code },
        `${name} in pieces of ${size}`,
      );
      assert.ok(given < WHAT.size, `${name}: a reader that stops after size bytes must not be served`);
    }
    assert.throws(() => verifyBytes(WHAT, body, 'test'), { code });
  }
  verifyBytes(WHAT, BODY);
});

test('B1: bytes after an empty content are an error', async () => {
  await assert.rejects(collect(verifiedStream(descriptorOf(new Uint8Array(), 'x/y'), [BODY])), {
    code: 'CONTENT_SIZE_MISMATCH',
  });
});

test('the source is closed when the reader stops, when it is wrong and when it is cancelled', async () => {
  for (const how of ['break', 'mismatch', 'abort'] as const) {
    let closed = 0;
    const abort = new AbortController();
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield BODY.subarray(0, 4);
        yield how === 'mismatch' ? Buffer.concat([BODY, BODY]) : BODY.subarray(4, 8);
        yield BODY.subarray(8);
      } finally {
        closed++;
      }
    }
    const reason = new Error('stop');
    const read = async (): Promise<void> => {
      for await (const _ of verifiedStream(WHAT, source(), { signal: abort.signal })) {
        if (how === 'break') break;
        if (how === 'abort') abort.abort(reason);
      }
    };
    if (how === 'break') await read();
    else await assert.rejects(read(), how === 'abort' ? reason : { code: 'CONTENT_SIZE_MISMATCH' });
    assert.equal(closed, 1, how);
  }
});

test('F12: an aborted signal surfaces as its own reason before the source is asked', async () => {
  const signal = AbortSignal.abort();
  const source: ContentSource = { open: () => assert.fail('must not be opened') };
  await assert.rejects(readAll({ open: (what, op) => verifiedStream(what, [], op) }, WHAT, { signal }), {
    name: 'AbortError',
  });
  await assert.rejects(readAll(source, { ...WHAT, data: BODY }, { signal }), { name: 'AbortError' });
});

test('B2: sizes are limits to compare with, never amounts to allocate', async () => {
  const huge: Descriptor = { ...WHAT, size: Number.MAX_SAFE_INTEGER };
  await assert.rejects(collect(verifiedStream(huge, [BODY])), { code: 'CONTENT_LIMIT' });
  await assert.rejects(collect(verifiedStream(huge, [BODY], { limits: { blobBytes: Number.MAX_SAFE_INTEGER } })), {
    code: 'CONTENT_SIZE_MISMATCH',
  });
});

test('blobBytes and the limit of a document hold at n-1, n and n+1', async () => {
  const source: ContentSource = { open: (what, op) => verifiedStream(what, [BODY], op) };
  for (const [limit, accepted] of [
    [BODY.length + 1, true],
    [BODY.length, true],
    [BODY.length - 1, false],
  ] as const) {
    for (const read of [
      () => collect(verifiedStream(WHAT, [BODY], { limits: { blobBytes: limit } })),
      () => readAll(source, WHAT, { limits: { manifestBytes: limit } }),
      () => readAll(source, WHAT, { limits: { tokenBytes: limit } }, 'tokenBytes'),
    ]) {
      if (accepted) assert.deepEqual(Buffer.from(await read()), Buffer.from(BODY));
      else await assert.rejects(read(), { code: 'CONTENT_LIMIT' });
    }
  }
});

test('readAll uses embedded data without asking, and checks it as well', async () => {
  const source: ContentSource = { open: () => assert.fail('must not be opened') };
  assert.deepEqual(await readAll(source, { ...WHAT, data: BODY }), BODY);
  await assert.rejects(readAll(source, { ...WHAT, data: flip(BODY, 3) }), { code: 'CONTENT_DIGEST_MISMATCH' });
});

test('I1: readAll does not trust a source that fails to verify', async () => {
  const liar: ContentSource = {
    async *open() {
      yield flip(BODY, 2);
    },
  };
  await assert.rejects(readAll(liar, WHAT), { code: 'CONTENT_DIGEST_MISMATCH' });
});

test('B2: memory stays flat: many chunks pass without being kept', async () => {
  const chunk = new Uint8Array(64 * 1024);
  const count = 800;
  const { createHasher } = await import('./digest.ts');
  const hasher = createHasher();
  for (let i = 0; i < count; i++) hasher.update(chunk);
  const what: Descriptor = { mediaType: 'x/y', digest: hasher.digest(), size: chunk.length * count };
  let alive = 0;
  let most = 0;
  function* source(): Generator<Uint8Array> {
    for (let i = 0; i < count; i++) {
      alive++;
      most = Math.max(most, alive);
      yield chunk;
    }
  }
  for await (const _ of verifiedStream(what, source())) alive--;
  assert.ok(most <= 2, `at most one piece is held back, ${most} were`);
});
