import { join } from 'node:path';
import { type Installed, judge, openPluginRoot, openStore, type PluginKind } from '@gantry/core';
import { memoryRepository } from '@gantry/oci';
import type { Cleanup } from './cleanup.ts';
import { type ArtifactSpec, publishArtifact } from './publish-artifact.ts';
import { tempDir } from './temp-dir.ts';

/**
 * Publishes an artifact into memory and installs it by its digest into a plugin root of its own, by the road that every
 * plugin takes. The root is removed after the test.
 */
export async function installArtifact(t: Cleanup, spec: ArtifactSpec, kind?: PluginKind): Promise<Installed> {
  const repository = memoryRepository();
  const { descriptor, layers, config } = await publishArtifact(repository, spec);
  const home = await tempDir(t);
  const reference = `registry.test/team/plugin@${descriptor.digest}`;
  const verified = await judge({
    spec: { source: reference },
    source: reference,
    scopeName: 'registry.test/team/plugin',
    reference,
    defaultName: 'plugin',
    pinned: true,
    local: false,
    root: descriptor,
    manifest: descriptor,
    platform: undefined,
    kind,
    artifactType: spec.artifactType,
    layers,
    config,
    annotations: spec.annotations ?? {},
    entryPath: undefined,
    content: repository,
    repository,
  });
  return openPluginRoot(join(home, 'plugins'), { store: () => openStore(join(home, 'store')) }).install(verified);
}
