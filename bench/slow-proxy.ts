/**
 * A proxy between a client and a registry on loopback that adds latency to each answer and caps the bandwidth of each
 * connection. Its own process, so that it does not share the client's event loop:
 * `node bench/slow-proxy.ts TARGET-PORT LATENCY-MS BYTES-PER-SECOND` prints its port, and on SIGTERM the number of
 * requests and connections it saw, as JSON.
 */
import { connect, createServer, type Socket } from 'node:net';

const [target = 0, latencyMs = 0, bytesPerSecond = Number.POSITIVE_INFINITY] = process.argv.slice(2).map(Number);
let requests = 0;
let connections = 0;

const server = createServer((client) => {
  connections++;
  const upstream = connect(target, '127.0.0.1');
  let answerFrom = 0;
  client.on('data', (chunk: Buffer) => {
    requests += countRequests(chunk);
    answerFrom = performance.now() + latencyMs;
    upstream.write(chunk);
  });
  relaySlowly(upstream, client, () => answerFrom);
  client.on('error', () => upstream.destroy());
  client.on('close', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
});

function countRequests(chunk: Buffer): number {
  return chunk.toString('latin1').match(/^(GET|HEAD|POST|PUT|PATCH|DELETE) \S+ HTTP\/1\.1\r$/gm)?.length ?? 0;
}

function relaySlowly(from: Socket, to: Socket, notBefore: () => number): void {
  const slice = 64 * 1024;
  let free = 0;
  let waiting = false;
  from.on('close', () => {
    if (!waiting) to.destroySoon();
  });
  from.on('data', (chunk: Buffer) => {
    from.pause();
    waiting = true;
    const begin = Math.max(free, notBefore(), performance.now());
    free = begin + (chunk.length / bytesPerSecond) * 1000;
    setTimeout(
      () => {
        waiting = false;
        if (!to.destroyed) to.write(chunk);
        if (from.destroyed) to.destroySoon();
        else from.resume();
      },
      Math.max(0, (chunk.length > slice ? free : begin) - performance.now()),
    );
  });
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') console.log(address.port);
});
process.on('SIGTERM', () => {
  console.log(JSON.stringify({ requests, connections }));
  process.exit(0);
});
