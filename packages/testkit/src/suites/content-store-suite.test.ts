import { join } from 'node:path';
import { openStore } from '@gantry/core';
import { memorySource } from '@gantry/oci';
import { tempDir } from '../temp-dir.ts';
import { contentSourceSuite } from './content-source-suite.ts';
import { contentStoreSuite } from './content-store-suite.ts';

contentStoreSuite('a store on disk', async (t) => {
  const store = openStore(join(await tempDir(t), 'store'));
  t.after(() => store[Symbol.asyncDispose]());
  return store;
});

contentSourceSuite(
  'a source in memory',
  async (_t, content) => {
    const source = memorySource();
    for (const { what, bytes } of content) {
      source.add(bytes, what.mediaType, what.digest.startsWith('sha512:') ? 'sha512' : 'sha256');
    }
    return { source };
  },
  { 'wrong bytes': 'it computes descriptors itself' },
);
