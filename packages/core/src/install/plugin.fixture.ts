import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ContentSource, type Descriptor, type Digest, descriptorOf, ociError, verifiedStream } from '@gantry/oci';
import { forgeTar, tempDir } from '@gantry/testkit';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import { elf } from '../source/native-file.fixture.ts';
import { openStore } from '../store/open-store.ts';
import { judge } from '../trust/judge.ts';
import { resolvedPlugin } from '../trust/resolved-plugin.fixture.ts';
import type { VerifiedPlugin } from '../trust/verified-plugin.ts';
import { openPluginRoot, type PluginRoot, type PluginRootOptions } from './plugin-root.ts';

/** The least that is recognised as Wasm. */
export const WASM: Uint8Array = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
/** A script that is recognised as an executable. */
export const SCRIPT: Uint8Array = new TextEncoder().encode('#!/bin/sh\necho hello\n');
/** A file that is recognised as a shared library. */
export const LIBRARY: Uint8Array = elf({ type: 3, segments: ['dynamic'] });

/** A layer of a plugin that exists in memory. */
export interface TestLayer {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly title?: string;
}

/** A resolved plugin whose content is in memory. The manifest's digest follows from the layers, as in an artifact. */
export function pluginOf(layers: readonly TestLayer[], overrides: Partial<ResolvedPlugin> = {}): ResolvedPlugin {
  const blobs = new Map<Digest, Uint8Array>();
  const descriptors = layers.map(({ bytes, mediaType, title }): Descriptor => {
    const descriptor = descriptorOf(bytes, mediaType);
    blobs.set(descriptor.digest, bytes);
    return title === undefined
      ? descriptor
      : { ...descriptor, annotations: { 'org.opencontainers.image.title': title } };
  });
  const bytes = new TextEncoder().encode(JSON.stringify(descriptors));
  const root = descriptorOf(bytes, 'application/vnd.oci.image.manifest.v1+json');
  const content: ContentSource = {
    open: (what) => {
      const blob = blobs.get(what.digest);
      if (blob === undefined) throw ociError('CONTENT_NOT_FOUND', `${what.digest} is not here`);
      return verifiedStream(what, [blob]);
    },
  };
  return resolvedPlugin({
    pinned: true,
    kind: undefined,
    reference: `registry.example/acme/tool:1.0@${root.digest}`,
    root,
    manifest: root,
    layers: descriptors,
    content,
    ...overrides,
  });
}

/** A plugin of one file. */
export function filePlugin(bytes: Uint8Array = SCRIPT, overrides: Partial<ResolvedPlugin> = {}): ResolvedPlugin {
  return pluginOf([{ bytes, mediaType: 'application/octet-stream', title: 'tool' }], overrides);
}

/** Another version of {@link filePlugin}: other bytes, same repository. */
export function otherVersion(overrides: Partial<ResolvedPlugin> = {}): ResolvedPlugin {
  return filePlugin(new TextEncoder().encode('#!/bin/sh\necho second\n'), overrides);
}

/** A version of {@link filePlugin} that comes as an archive of several files. */
export function archivePlugin(): ResolvedPlugin {
  const bytes = forgeTar([
    { name: 'bin/tool', content: SCRIPT },
    { name: 'share/a', content: 'a' },
    { name: 'share/b', content: 'b' },
  ]);
  return pluginOf([{ bytes, mediaType: 'application/vnd.oci.image.layer.v1.tar' }]);
}

/** The plugin, verified by its digest. */
export function verified(plugin: ResolvedPlugin = filePlugin()): Promise<VerifiedPlugin> {
  return judge(plugin);
}

/** A plugin root with a store of its own, in a directory that is gone after the test. */
export interface TestRoot {
  readonly root: PluginRoot;
  /** The plugin root's directory. */
  readonly directory: string;
  /** Opens the same root again, as another process would. */
  reopen(options?: Partial<PluginRootOptions>): PluginRoot;
}

/** Makes a plugin root for one test. */
export async function testRoot(t: TestContext, options: Partial<PluginRootOptions> = {}): Promise<TestRoot> {
  const home = await tempDir(t);
  const directory = join(home, 'plugins');
  const reopen = (more: Partial<PluginRootOptions> = {}): PluginRoot =>
    openPluginRoot(directory, { store: () => openStore(join(home, 'store')), ...options, ...more });
  return { root: reopen(), directory, reopen };
}

/** Every path below a directory, sorted, with the mode of each; links and files alike. */
export function treeOf(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

/** The permission bits of a file. */
export function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

/** A file as text. */
export function textOf(path: string | undefined): string {
  return readFileSync(path ?? '', 'utf8');
}
