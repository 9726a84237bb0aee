import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type Annotations,
  type Op,
  openRepository,
  openTransport,
  type Reference,
  type Repository,
  repositoryName,
} from '@gantry/oci';
import {
  type ArtifactSpec,
  type BlobSpec,
  forgeTar,
  gzipped,
  type PublishedArtifact,
  publishArtifact,
  type Rule,
  type ScriptedRegistry,
  scriptedRegistry,
  storageSink,
  type TarEntry,
  tempDir,
} from '@gantry/testkit';
import type { StagedPlugin } from '../install/staged-plugin.ts';
import { type Images, type ImagesOptions, openImages } from './open-images.ts';
import type { StagedPlugins } from './stage-plugins.ts';

export const TAR_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** A layer of an image, gzip. */
export function layerOf(...entries: readonly TarEntry[]): BlobSpec {
  return { content: gzipped(forgeTar(entries)), mediaType: TAR_GZIP };
}

/** The files of a small plugin. */
export function pluginFiles(name: string, text = name): readonly TarEntry[] {
  return [
    { name: `${name}/` },
    { name: `${name}/package.json`, content: JSON.stringify({ name, version: '1.0.0', main: 'index.js', text }) },
    { name: `${name}/index.js`, content: `// ${text}\n` },
  ];
}

/** The annotation that rhdh-cli writes. */
export function annotated(...paths: readonly string[]): Annotations {
  return rawAnnotation(JSON.stringify(paths.map((path) => ({ [path]: { name: path, version: '1.0.0' } }))));
}

/** The annotation with any text in it. */
export function rawAnnotation(text: string): Annotations {
  return { 'io.backstage.dynamic-packages': Buffer.from(text).toString('base64') };
}

/** A registry under every name, a root with a staging directory, and what was logged. */
export interface ImageWorld {
  readonly registry: ScriptedRegistry;
  /** The repository of an image as whoever signs opens it. */
  repository(name: string): Repository;
  readonly root: string;
  readonly staging: string;
  readonly lines: string[];
  /** Publishes an image under `NAME:1.0`, and gives the name. */
  publish(name: string, spec: ArtifactSpec): Promise<{ readonly image: string; readonly published: PublishedArtifact }>;
  /** Opens the images of one run. */
  open(options?: Partial<ImagesOptions>): Images;
}

/**
 * A world in which `HOST/PATH` is `PATH` in one registry on loopback, or in the registry that `hosts` has for the host.
 */
export async function imageWorld(
  t: TestContext,
  rules: readonly Rule[] = [],
  hosts: Readonly<Record<string, string>> = {},
): Promise<ImageWorld> {
  const registry = await scriptedRegistry(t, rules);
  const root = await tempDir(t);
  const staging = mkdtempSync(join(root, '.gantry-'));
  const transport = openTransport({
    registries: Object.fromEntries(
      [registry.address, ...Object.values(hosts)].map((host) => [host, { plainHttp: true }]),
    ),
  });
  t.after(() => transport[Symbol.asyncDispose]());
  const lines: string[] = [];
  return {
    registry,
    repository: (name) => openRepository(`${registry.address}/${name}`, transport),
    root,
    staging,
    lines,
    publish: async (name, spec) => {
      const published = await publishArtifact(storageSink(registry.storage, name), { tag: '1.0', ...spec });
      return { image: `registry.example/${name}:1.0`, published };
    },
    open: (options) =>
      openImages({
        openRepository: async (name) => {
          const address = hosts[name.registry] ?? registry.address;
          const inner = openRepository({ ...name, registry: address }, transport);
          const mapped = (reference: Reference): Reference =>
            reference.kind === 'registry' ? { ...reference, registry: address } : reference;
          return {
            ...readingPart(inner),
            name: repositoryName(name),
            resolve: (reference: Reference, op?: Op) => inner.resolve(mapped(reference), op),
            peek: (reference: Reference, op?: Op) => inner.peek(mapped(reference), op),
          };
        },
        policy: { fallback: 'digest', lists: [] },
        maxEntryBytes: 40_000_000,
        remembered: () => undefined,
        strictFallback: false,
        log: { line: (text) => void lines.push(text), warn: (text) => void lines.push(text) },
        ...options,
      }),
  };
}

/** A repository's methods as an object of its own, so that two of them can be replaced. */
function readingPart(inner: Repository): Repository {
  return {
    name: inner.name,
    open: (what, op) => inner.open(what, op),
    resolve: (reference, op) => inner.resolve(reference, op),
    peek: (reference, op) => inner.peek(reference, op),
    referrers: (of, artifactType, op) => inner.referrers(of, artifactType, op),
    has: (what, op) => inner.has(what, op),
    pushBlob: (what, content, op) => inner.pushBlob(what, content, op),
    pushManifest: (what, bytes, options, op) => inner.pushManifest(what, bytes, options, op),
    tag: (what, tag, op) => inner.tag(what, tag, op),
    tags: (op) => inner.tags(op),
    delete: (what, op) => inner.delete(what, op),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

/** A staged plugin, or the error in its place thrown. */
export function good(staged: StagedPlugins, path: string): StagedPlugin {
  const found = staged.get(path);
  if (found === undefined) throw new Error(`${path} is missing`);
  if (found instanceof Error) throw found;
  return found;
}

/** The code of the error in the place of a plugin. */
export function codeOf(staged: StagedPlugins, path: string): string | undefined {
  const found = staged.get(path);
  return found instanceof Error ? found.code : undefined;
}
