import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ResolvedPlugin, resolveReference } from '@gantry/core';
import { type ContentSink, type Descriptor, type Op, parseReference } from '@gantry/oci';
import {
  fakeEnvironment,
  type PublishedArtifact,
  publishArtifact,
  type Rule,
  type ScriptedRegistry,
  scriptedRegistry,
  storageSink,
} from '@gantry/testkit';
import { type ContainersWorld, containersWorld } from './containers.fixture.ts';
import { openContainers } from './open-containers.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };

/** One image in a registry, `HOST/team/app:1`, and a policy.json that is about it. */
export interface PolicyWorld extends ContainersWorld {
  readonly registry: ScriptedRegistry;
  readonly image: string;
  readonly published: PublishedArtifact;
  /** The platform's manifest where the image is an index, else the image itself. */
  readonly manifest: Descriptor;
  readonly repository: ContentSink;
  /** Writes a policy with these requirements for everything. */
  require(...requirements: readonly object[]): Promise<string>;
  /** Resolves the image, or another, and enforces the policy, in one run. Gives the plugin. */
  enforce(image?: string, op?: Op): Promise<ResolvedPlugin>;
}

export async function policyWorld(
  t: TestContext,
  options: { readonly rules?: readonly Rule[]; readonly now?: () => number; readonly index?: boolean } = {},
): Promise<PolicyWorld> {
  const world = await containersWorld(t);
  const registry = await scriptedRegistry(t, options.rules ?? []);
  const repository = storageSink(registry.storage, 'team/app');
  const one = { layers: [{ content: 'a layer' }] };
  const platforms = { 'linux/amd64': one, 'linux/arm64': {} };
  const published = await publishArtifact(repository, { tag: '1', ...(options.index ? { platforms } : one) });
  const manifest = published.platforms['linux/amd64']?.descriptor ?? published.descriptor;
  const image = `${registry.address}/team/app:1`;
  return {
    ...world,
    ...{ registry, image, published, manifest, repository },
    require: (...requirements) => world.write('etc/policy.json', JSON.stringify({ default: requirements })),
    enforce: async (name = image, op = world.op) => {
      const system = fakeEnvironment({
        env: { HOME: world.home, PATH: join(world.directory, 'bin'), TMPDIR: world.directory },
      });
      const environment = options.now === undefined ? system : { ...system, now: options.now };
      const containers = openContainers({ environment, places: world.places });
      try {
        const reference = parseReference(name);
        if (reference.kind !== 'registry') throw new TypeError(name);
        const opened = await containers.openRepository(reference, op);
        const plugin = await resolveReference(opened, reference, { source: name, platform: AMD64 }, {}, op);
        await containers.enforce(plugin, op);
        return plugin;
      } finally {
        await containers[Symbol.asyncDispose]();
      }
    },
  };
}

/** Writes a shell script into the world's only directory of programs. */
export async function program(world: ContainersWorld, name: string, script: string): Promise<void> {
  await chmod(await world.write(`bin/${name}`, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`), 0o755);
}
