import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  digestAlgorithm,
  digestHex,
  memoryRepository,
  openLayout,
  openRepository,
  openTransport,
  parseReference,
} from '@gantry/oci';
import { directoryStorage, memoryStorage } from '@gantry/registry';
import { statefulUploads, withoutReferrers } from '../faults.ts';
import { scriptedRegistry } from '../scripted-registry.ts';
import type { Rule } from '../scripted-rule.ts';
import { storageSink } from '../storage-sink.ts';
import { tempDir } from '../temp-dir.ts';
import { type RepositoryFactory, repositorySuite } from './repository-suite.ts';

function overRegistry(rules: readonly Rule[], onDisk: boolean): RepositoryFactory {
  return async (t: TestContext) => {
    const storage = onDisk ? directoryStorage(await tempDir(t)) : memoryStorage();
    const registry = await scriptedRegistry(t, rules, { storage });
    const transport = openTransport({ registries: { [registry.address]: { plainHttp: true } } });
    t.after(() => transport[Symbol.asyncDispose]());
    const sink = storageSink(storage, 'team/app');
    return {
      repository: openRepository(`${registry.address}/team/app`, transport),
      reference: ({ tag, digest }) =>
        parseReference(`${registry.address}/team/app${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`),
      plant: (what, bytes) =>
        sink.pushBlob(what, async function* () {
          yield bytes;
        }),
    };
  };
}

repositorySuite('a registry in memory', overRegistry([], false));
repositorySuite('a registry in a directory', overRegistry([], true));
repositorySuite('a registry without referrers API', overRegistry(withoutReferrers(), false));

repositorySuite('a registry with stateful uploads', overRegistry([statefulUploads()], false));
repositorySuite('a layout', async (t) => {
  const directory = await tempDir(t);
  const repository = await openLayout(directory, { create: true });
  t.after(() => repository[Symbol.asyncDispose]());
  return {
    repository,
    reference: (part) => ({ kind: 'layout', directory, ...part }),
    plant: async (what, bytes) => {
      const path = join(directory, 'blobs', digestAlgorithm(what.digest), digestHex(what.digest));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
    },
  };
});

repositorySuite(
  'a repository in memory',
  async () => {
    const repository = memoryRepository();
    return {
      repository,
      reference: (part) => ({ kind: 'layout', directory: 'memory', ...part }),
      plant: (what, bytes) =>
        repository.pushBlob(what, async function* () {
          yield bytes;
        }),
    };
  },
  { 'wrong bytes': 'there is no way into it behind the interface' },
);
