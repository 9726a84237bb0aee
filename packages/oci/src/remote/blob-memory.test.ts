import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createHasher } from '../digest.ts';
import { openTransport } from '../transport/open-transport.ts';
import { openRepository } from './open-repository.ts';

const MiB = 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 'gantry');
const PIECES = (200 * MiB) / PIECE.length;

test('B2: a blob of 200 MiB passes through without being held', async (t) => {
  const hasher = createHasher();
  for (let index = 0; index < PIECES; index += 1) hasher.update(PIECE);
  const server = createServer(async (_request, response) => {
    response.writeHead(200, { 'content-length': PIECES * PIECE.length });
    for (let index = 0; index < PIECES; index += 1) {
      if (!response.write(PIECE)) await new Promise((resolve) => response.once('drain', resolve));
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const transport = openTransport({});
  t.after(async () => {
    await transport[Symbol.asyncDispose]();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const repository = openRepository(`${address}/team/app`, transport);
  const what = { mediaType: 'application/octet-stream', digest: hasher.digest(), size: PIECES * PIECE.length };

  const read = async (): Promise<number> => {
    let most = 0;
    let done = 0;
    for await (const chunk of repository.open(what)) {
      done += chunk.length;
      most = Math.max(most, process.memoryUsage.rss());
    }
    assert.equal(done, what.size);
    return most;
  };
  // The first time loads code and fills the pools of buffers; what a blob costs shows the second time.
  await read();
  const before = process.memoryUsage.rss();
  const grown = Math.round(((await read()) - before) / MiB);
  assert.ok(grown < 64, `grew by ${grown} MiB`);
});
