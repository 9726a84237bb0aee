import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  forgeTar,
  gzipped,
  type NpmRegistry,
  publishArtifact,
  startNpmRegistry,
  startRegistry,
  storageSink,
  type TestRegistry,
  tempDir,
} from '@gantry/testkit';

const bin = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin', 'install-dynamic-plugins.mjs');
const TAR_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** How a run of the real program ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A pod's worth of Developer Hub: a working directory, a root, registries. */
export interface Hub {
  readonly cwd: string;
  readonly root: string;
  readonly registry: TestRegistry;
  readonly npm: NpmRegistry;
  readonly env: Readonly<Record<string, string>>;
  /** Writes dynamic-plugins.yaml, or another file of the working directory. */
  configure(text: string, name?: string): Promise<void>;
  /** Publishes an image with some plugins in one layer: `host/name:tag`, and its digest. */
  publish(name: string, plugins: readonly string[], options?: ImageOptions): Promise<{ image: string; digest: string }>;
  /** A local package below the working directory. */
  local(name: string, files?: Readonly<Record<string, string>>): Promise<void>;
  /** Runs `install-dynamic-plugins`. */
  run(args?: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Runs it with `--json`. */
  json(options?: RunOptions): Promise<HubReport>;
  /** First-level names of the root. */
  names(): Promise<string[]>;
  read(path: string): Promise<string>;
}

/** Options of {@link Hub.publish}. */
export interface ImageOptions {
  readonly tag?: string;
  /** Goes into index.js. */
  readonly text?: string;
  /** Without the annotation. */
  readonly silent?: boolean;
}

/** Options of {@link Hub.run}. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** The document of `--json`, as far as tests look at it. */
export interface HubReport {
  readonly plugins: readonly {
    readonly package: string;
    readonly state: string;
    readonly digest?: string;
    readonly integrity?: string;
    readonly signer: string | null;
    readonly error?: { readonly code: string; readonly message: string };
    readonly bytes: number;
  }[];
  readonly requests: number;
  readonly bytes: number;
  readonly appConfig: string | null;
  readonly estimate?: { readonly download: number; readonly disk: number };
  readonly exitCode: number;
}

/** Starts registries, and lays out a working directory with an empty root. */
export async function hub(t: TestContext): Promise<Hub> {
  const [cwd, registry, npm] = await Promise.all([tempDir(t), startRegistry(t), startNpmRegistry(t)]);
  const root = join(cwd, 'dynamic-plugins-root');
  await mkdir(root);
  await writeFile(join(cwd, '.npmrc'), `registry=${npm.url}\n`);
  const env = {
    HOME: cwd,
    TMPDIR: cwd,
    PATH: process.env['PATH'] ?? '',
    NPM_CONFIG_USERCONFIG: join(cwd, '.npmrc'),
    TERMINATION_LOG: join(cwd, 'termination-log'),
  };
  const run: Hub['run'] = async (args = [root], options = {}) => {
    const child = spawn(process.execPath, [bin, ...args], { cwd, env: { ...env, ...options.env }, stdio: 'pipe' });
    child.stdin.end();
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out, err };
  };
  return {
    ...{ cwd, root, registry, npm, env, run },
    configure: (text, name = 'dynamic-plugins.yaml') => writeFile(join(cwd, name), text),
    publish: async (name, plugins, options = {}) => {
      const { tag = '1.0', text = name, silent = false } = options;
      const annotation = Buffer.from(JSON.stringify(plugins.map((plugin) => ({ [plugin]: { name: plugin } }))));
      const published = await publishArtifact(storageSink(registry.storage, name), {
        tag,
        layers: [
          { content: gzipped(forgeTar(plugins.flatMap((plugin) => filesOf(plugin, text)))), mediaType: TAR_GZIP },
        ],
        ...(silent ? {} : { annotations: { 'io.backstage.dynamic-packages': annotation.toString('base64') } }),
      });
      return { image: `${registry.address}/${name}:${tag}`, digest: published.descriptor.digest };
    },
    local: async (name, files = {}) => {
      await mkdir(join(cwd, name, 'dist'), { recursive: true });
      const manifest = { name: `@acme/${name}-dynamic`, version: '2.0.0', main: 'dist/index.cjs.js' };
      await writeFile(join(cwd, name, 'package.json'), JSON.stringify(manifest));
      await writeFile(join(cwd, name, 'dist', 'index.cjs.js'), `// ${name}\n`);
      for (const [path, text] of Object.entries(files)) await writeFile(join(cwd, name, path), text);
    },
    json: async (options = {}) => {
      const { out } = await run([root, '--json', ...(options.args ?? [])], options);
      return JSON.parse(out) as HubReport;
    },
    names: async () => (await readdir(root)).sort(),
    read: (path) => readFile(join(root, path), 'utf8'),
  };
}

function filesOf(plugin: string, text: string): { name: string; content?: string }[] {
  const manifest = { name: plugin, version: '1.0.0', main: 'index.js', backstage: { role: 'backend-plugin' } };
  return [
    { name: `${plugin}/` },
    { name: `${plugin}/package.json`, content: JSON.stringify(manifest) },
    { name: `${plugin}/index.js`, content: `// ${text}\n` },
  ];
}
