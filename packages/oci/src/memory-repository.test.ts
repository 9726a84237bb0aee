import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentSourceSuite, repositorySuite } from '@gantry/testkit';
import { descriptorOf } from './descriptor.ts';
import { memoryRepository, memorySource } from './memory-repository.ts';
import { parseReference } from './reference.ts';
import { readAll } from './verified-stream.ts';

const NO_WRONG_BYTES = { 'wrong bytes': 'memory has no way to hold bytes under a digest that is not theirs' };

repositorySuite(
  'a repository in memory',
  async () => {
    const repository = memoryRepository();
    return {
      repository,
      reference: ({ tag, digest }) =>
        parseReference(`a.example/x${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`),
      plant: (what, bytes) =>
        repository.pushBlob(what, async function* () {
          yield bytes;
        }),
    };
  },
  NO_WRONG_BYTES,
);

contentSourceSuite(
  'a source in memory',
  async (_t, content) => {
    const source = memorySource();
    for (const { what, bytes } of content)
      source.add(bytes, what.mediaType, what.digest.startsWith('sha512') ? 'sha512' : 'sha256');
    return { source };
  },
  NO_WRONG_BYTES,
);

test('a source in memory gives what was added, and only that', async () => {
  const source = memorySource();
  const bytes = new TextEncoder().encode('hello');
  const what = source.add(bytes, 'text/plain');
  assert.deepEqual(what, descriptorOf(bytes, 'text/plain'));
  assert.deepEqual(Buffer.from(await readAll(source, what)).toString(), 'hello');
  await assert.rejects(readAll(source, descriptorOf(new TextEncoder().encode('other'), 'text/plain')), {
    code: 'CONTENT_NOT_FOUND',
  });
});
