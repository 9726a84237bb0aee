import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openRepository, openTransport, type Platform } from '@gantry/oci';
import { type Rule, type ScriptedRegistry, scriptedRegistry, tempDir } from '@gantry/testkit';
import { publishPlugin } from '../publish/publish-plugin.ts';
import { type Gantry, type GantryOptions, openGantry } from './open-gantry.ts';

/** A registry, a place for local files, and Gantry. */
export interface World {
  readonly registry: ScriptedRegistry;
  /** Gantry's home. */
  readonly home: string;
  /** A directory for local files. */
  readonly files: string;
  /** Writes a local file and gives its path. */
  write(name: string, bytes: Uint8Array | string): string;
  /** Publishes a file as `acme/NAME`, and gives the reference by digest. */
  publish(name: string, bytes: Uint8Array, tag?: string): Promise<string>;
  /** Publishes an index with a file for each platform. */
  publishIndex(name: string, files: readonly { platform: Platform; bytes: Uint8Array }[]): Promise<string>;
  /** Opens Gantry over the home; closed after the test. */
  open(options?: Partial<GantryOptions>): Gantry;
  /** Forgets requests so far and starts to misbehave. */
  script(...rules: readonly Rule[]): void;
}

/** Makes a world for one test. */
export async function testWorld(t: TestContext): Promise<World> {
  const registry = await scriptedRegistry(t);
  const [home, files] = [await tempDir(t), await tempDir(t)];
  const transport = openTransport();
  const gantries: Gantry[] = [];
  t.after(async () => {
    for (const gantry of gantries) await gantry[Symbol.asyncDispose]();
    await transport[Symbol.asyncDispose]();
  });
  const write = (name: string, bytes: Uint8Array | string): string => {
    const path = join(files, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, bytes);
    return path;
  };
  const push = async (name: string, content: Parameters<typeof publishPlugin>[1]['content'], tag: string) => {
    const repository = openRepository(`${registry.address}/acme/${name}`, transport);
    const { root } = await publishPlugin(repository, { content, tag });
    registry.log.clear();
    return `${registry.address}/acme/${name}@${root.digest}`;
  };
  return {
    registry,
    home,
    files,
    write,
    publish: (name, bytes, tag = '1.0') => push(name, [write(`published/${name}`, bytes)], tag),
    publishIndex: (name, entries) => {
      const content = entries.map(({ platform, bytes }, index) => ({
        platform,
        path: write(`published/${index}/${name}`, bytes),
      }));
      return push(name, content, '1.0');
    },
    open: (options = {}) => {
      const gantry = openGantry({ home, ...options });
      gantries.push(gantry);
      return gantry;
    },
    script: (...rules) => {
      registry.log.clear();
      registry.script(rules);
    },
  };
}
