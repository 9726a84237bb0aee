import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';
import { gzipped } from './compressed.ts';
import { forgeTar, type TarEntry } from './forge-tar.ts';
import { type NpmRegistry, startNpmRegistry } from './npm-registry.ts';
import { publishArtifact } from './publish-artifact.ts';
import { type ScriptedRegistry, scriptedRegistry } from './scripted-registry.ts';
import type { Rule } from './scripted-rule.ts';
import { storageSink } from './storage-sink.ts';
import { tempDir } from './temp-dir.ts';

const TAR_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** What an installer of Developer Hub finds in its pod: a working directory, a root for plugins, registries. */
export interface HubWorld {
  readonly cwd: string;
  /** Empty at first, below the working directory. */
  readonly root: string;
  readonly registry: ScriptedRegistry;
  readonly npm: NpmRegistry;
  /** The variables of the container. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes dynamic-plugins.yaml, or another file of the working directory. */
  configure(text: string, name?: string): Promise<void>;
  /** Publishes an image with some plugins in one layer. */
  publish(name: string, plugins: readonly string[], options?: HubImageOptions): Promise<HubImage>;
  /** Publishes an image with some files, by path, in one layer. */
  publishFiles(name: string, files: Readonly<Record<string, string>>): Promise<HubImage>;
  /** Makes a local package below the working directory. */
  local(name: string): Promise<void>;
  /** First-level names of the root, sorted. */
  names(): Promise<string[]>;
  /** A file of the root. */
  read(path: string): Promise<string>;
}

/** Options of {@link HubWorld.publish}. */
export interface HubImageOptions {
  /** Default `1.0`. */
  readonly tag?: string;
  /** Goes into index.js of each plugin. */
  readonly text?: string;
  /** Without the annotation that names the plugins. */
  readonly silent?: boolean;
}

/** An image that was published. */
export interface HubImage {
  /** `host/name:tag`. */
  readonly image: string;
  readonly digest: string;
}

/** Starts registries, and lays out a working directory with an empty root. It is gone with the test. */
export async function hubWorld(t: Cleanup, rules: readonly Rule[] = []): Promise<HubWorld> {
  const [cwd, registry, npm] = await Promise.all([tempDir(t), scriptedRegistry(t, rules), startNpmRegistry(t)]);
  const root = join(cwd, 'dynamic-plugins-root');
  await mkdir(root);
  await writeFile(join(cwd, '.npmrc'), `registry=${npm.url}\n`);
  return {
    ...{ cwd, root, registry, npm },
    env: {
      HOME: cwd,
      TMPDIR: cwd,
      PATH: process.env['PATH'] ?? '',
      NPM_CONFIG_USERCONFIG: join(cwd, '.npmrc'),
      TERMINATION_LOG: join(cwd, 'termination-log'),
    },
    configure: (text, name = 'dynamic-plugins.yaml') => writeFile(join(cwd, name), text),
    publish: (name, plugins, { tag = '1.0', text = name, silent = false } = {}) => {
      const annotation = Buffer.from(JSON.stringify(plugins.map((plugin) => ({ [plugin]: { name: plugin } }))));
      const annotations = { 'io.backstage.dynamic-packages': annotation.toString('base64') };
      const entries = plugins.flatMap((plugin) => filesOf(plugin, text));
      return publishLayer(registry, name, tag, entries, silent ? {} : annotations);
    },
    publishFiles: (name, files) =>
      publishLayer(
        registry,
        name,
        '1.0',
        Object.entries(files).map(([path, content]) => ({ name: path, content })),
        {},
      ),
    local: async (name) => {
      await mkdir(join(cwd, name, 'dist'), { recursive: true });
      const manifest = { name: `@acme/${name}-dynamic`, version: '2.0.0', main: 'dist/index.cjs.js' };
      await writeFile(join(cwd, name, 'package.json'), JSON.stringify(manifest));
      await writeFile(join(cwd, name, 'dist', 'index.cjs.js'), `// ${name}\n`);
    },
    names: async () => (await readdir(root)).sort(),
    read: (path) => readFile(join(root, path), 'utf8'),
  };
}

async function publishLayer(
  registry: ScriptedRegistry,
  name: string,
  tag: string,
  entries: readonly TarEntry[],
  annotations: Readonly<Record<string, string>>,
): Promise<HubImage> {
  const layers = [{ content: gzipped(forgeTar(entries)), mediaType: TAR_GZIP }];
  const { descriptor } = await publishArtifact(storageSink(registry.storage, name), { tag, layers, annotations });
  return { image: `${registry.address}/${name}:${tag}`, digest: descriptor.digest };
}

function filesOf(plugin: string, text: string): readonly TarEntry[] {
  const manifest = { name: plugin, version: '1.0.0', main: 'index.js', backstage: { role: 'backend-plugin' } };
  return [
    { name: `${plugin}/` },
    { name: `${plugin}/package.json`, content: JSON.stringify(manifest) },
    { name: `${plugin}/index.js`, content: `// ${text}\n` },
  ];
}
