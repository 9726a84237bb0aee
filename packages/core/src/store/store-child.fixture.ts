/** A process of its own: `store-child.fixture.ts fetch|hold|hammer DIRECTORY LOG`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readAll } from '@gantry/oci';
import { killingFileSystem } from '@gantry/testkit';
import { systemFileSystem } from '../files/file-system.ts';
import { openStore } from './open-store.ts';
import { blobOf, loggingSource } from './store.fixture.ts';

const [task = '', directory = '', log = ''] = process.argv.slice(2);
const store = openStore(directory, { fileSystem: killingFileSystem(systemFileSystem) });

if (task === 'fetch') {
  const blob = blobOf(1);
  await store.fetch(blob.what, loggingSource([blob], log));
} else if (task === 'hold') {
  // Stops in the middle of a download, for ever.
  const blob = blobOf(1);
  await store.fetch(
    blob.what,
    loggingSource([blob], log, async () => {
      process.stdout.write('holding\n');
      await sleep(60_000);
    }),
  );
} else {
  const blobs = Array.from({ length: 5 }, (_, seed) => blobOf(seed));
  const source = loggingSource(blobs, log);
  for (let round = 0; round < 10; round += 1) {
    for (const { what, bytes } of blobs) {
      await using _lease = await store.lease([what.digest]);
      await store.fetch(what, source);
      const read = await readAll(store, what);
      if (Buffer.compare(read, bytes) !== 0) throw new Error('other bytes');
    }
  }
}
