/** Pushing and pulling many small blobs: the number of requests is the smallest that the protocol allows. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, manyBlobs } from './fixtures.ts';
import { home } from './gantry.ts';
import { countingProxy, dockerRegistry } from './servers.ts';
import { mib, ms, type Row } from './table.ts';

/** 1,000 blobs of 4 KiB, with the registry that needs two requests for an upload (POST, then PUT). */
export async function manyRequests(): Promise<Row[]> {
  const count = 1000;
  const files = manyBlobs(count);
  const directory = join(cache, 'registry-requests');
  rmSync(directory, { recursive: true, force: true });
  const registry = await dockerRegistry(directory);
  const g = home('requests');
  try {
    g.fresh();
    const pushing = await countingProxy(registry.port);
    const push = await g.run(['push', `127.0.0.1:${pushing.port}/bench/many:1`, ...files, '--kind', 'files', '--json']);
    const pushed = (JSON.parse(await pushing.stop()) as { requests: number }).requests;
    const { digest } = JSON.parse(push.stdout) as { digest: string };
    const pulling = await countingProxy(registry.port);
    const out = join(directory, 'out');
    const pull = await g.run(['pull', `127.0.0.1:${pulling.port}/bench/many@${digest}`, '-o', out]);
    const pulled = (JSON.parse(await pulling.stop()) as { requests: number }).requests;
    // Each blob and the empty config: POST and PUT. Then one PUT of the manifest.
    const leastPush = 2 * (count + 1) + 1;
    // One GET of the manifest and one for each blob; the config is not asked for.
    const leastPull = 1 + count;
    return [
      {
        name: `push of ${count} blobs of 4 KiB`,
        measured: `${pushed} requests`,
        against: `the least: ${leastPush}`,
        ratio: pushed / leastPush,
        target: '= 1',
        met: pushed <= leastPush,
        notes: `${ms(push.seconds)}, peak ${mib(push.peakBytes)}`,
      },
      {
        name: `pull of ${count} blobs of 4 KiB`,
        measured: `${pulled} requests`,
        against: `the least: ${leastPull}`,
        ratio: pulled / leastPull,
        target: '= 1',
        met: pulled <= leastPull,
        notes: `${ms(pull.seconds)}, peak ${mib(pull.peakBytes)}, written ${mib(pull.writtenBytes)}`,
      },
    ];
  } finally {
    await registry.stop();
    rmSync(directory, { recursive: true, force: true });
    g.fresh();
  }
}
