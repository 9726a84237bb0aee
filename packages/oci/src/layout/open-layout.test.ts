import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type RepositorySubject, repositorySuite, tempDir } from '@gantry/testkit';
import { digestAlgorithm, digestHex } from '../digest.ts';
import { parseReference } from '../reference.ts';
import { openLayout } from './open-layout.ts';

repositorySuite('a layout on disk', async (t: TestContext): Promise<RepositorySubject> => {
  const directory = join(await tempDir(t), 'layout');
  const repository = await openLayout(directory, { create: true });
  t.after(() => repository[Symbol.asyncDispose]());
  return {
    repository,
    reference: ({ tag, digest }) =>
      parseReference(
        `oci-layout:${directory}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`,
      ),
    plant: async ({ digest }, bytes) => {
      const path = join(directory, 'blobs', digestAlgorithm(digest), digestHex(digest));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
    },
  };
});
