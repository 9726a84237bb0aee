/** The real registries, each started for one test on a free loopback port, and what they are known to do differently. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from '@gantry/testkit';
import { launcher } from './gantry.ts';
import { freePort, peer, type Service, startService, temporaryDirectory } from './processes.ts';

/** A registry that runs for one test. */
export interface Registry extends Service {
  /** `127.0.0.1:PORT` */
  readonly address: string;
}

/** What Debian's docker-registry is started with, beside storage in memory. */
export interface DockerRegistryOptions {
  /** YAML under `auth:`. */
  readonly auth?: string;
  readonly tls?: { readonly certificate: string; readonly key: string; readonly clientAuthority?: string };
  /** The registry that it is a pull-through cache of, `http://host:port`. */
  readonly proxyOf?: string;
}

/** docker-registry 2.8 (distribution): no referrers API. */
export async function startDockerRegistry(t: Cleanup, options: DockerRegistryOptions = {}): Promise<Registry> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const configuration = join(await temporaryDirectory(t), 'config.yml');
  await writeFile(configuration, dockerRegistryConfiguration(address, options));
  const { stop } = await startService(t, 'docker-registry', ['serve', configuration], port);
  return { address, stop };
}

function dockerRegistryConfiguration(address: string, { auth, tls, proxyOf }: DockerRegistryOptions): string {
  const clients = tls?.clientAuthority === undefined ? '' : `, clientcas: [${tls.clientAuthority}]`;
  const secured = tls === undefined ? '' : `, tls: {certificate: ${tls.certificate}, key: ${tls.key}${clients}}`;
  return [
    'version: 0.1',
    'log: {level: error, accesslog: {disabled: true}}',
    'storage: {inmemory: {}, delete: {enabled: true}}',
    `http: {addr: "${address}", secret: test${secured}}`,
    ...(auth === undefined ? [] : ['auth:', `  ${auth}`]),
    ...(proxyOf === undefined ? [] : [`proxy: {remoteurl: "${proxyOf}"}`]),
    '',
  ].join('\n');
}

/** olareg: referrers API, sha512. */
export async function startOlareg(t: Cleanup): Promise<Registry> {
  const port = await freePort();
  const directory = await temporaryDirectory(t);
  const args = ['serve', '--addr', '127.0.0.1', '--port', String(port), '--dir', directory, '--api-delete'];
  const { stop } = await startService(t, peer('olareg'), args, port);
  return { address: `127.0.0.1:${port}`, stop };
}

/** crane's registry in memory: no referrers API. */
export async function startCraneRegistry(t: Cleanup): Promise<Registry> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const args = ['registry', 'serve', '--address', address];
  const { stop } = await startService(t, peer('crane'), args, port);
  return { address, stop };
}

/** What `gantry registry serve` is started with. */
export interface GantryRegistryOptions {
  /** Without one it keeps everything in memory. */
  readonly directory?: string;
  readonly readOnly?: boolean;
}

/** Our own, as somebody else's client meets it. */
export async function startGantryRegistry(t: Cleanup, options: GantryRegistryOptions = {}): Promise<Registry> {
  const port = await freePort();
  const directory = options.directory === undefined ? [] : [options.directory];
  const flags = ['--port', String(port), ...(options.readOnly === true ? ['--read-only'] : [])];
  const args = [launcher, 'registry', 'serve', ...directory, ...flags];
  const home = await temporaryDirectory(t);
  const env = { PATH: process.env['PATH'], HOME: home, GANTRY_HOME: home };
  const { stop } = await startService(t, process.execPath, args, port, { env });
  return { address: `127.0.0.1:${port}`, stop };
}

/** A kind of registry and its answers where registries differ; docs/registries.md says the same in words. */
export interface RegistryKind {
  readonly name: string;
  readonly start: (t: Cleanup) => Promise<Registry>;
  /** Where the referrers of a manifest are found. */
  readonly referrers: 'api' | 'tag';
  /** Takes a blob from another of its repositories. */
  readonly mounts: boolean;
  /** Takes a whole blob in the POST that opens the upload. */
  readonly singlePost: boolean;
  readonly sha512: 'by digest and tag' | 'by digest, tags name sha256' | 'refused';
  readonly deletesTags: boolean;
  /** After a manifest was deleted by digest its tags are gone too. */
  readonly deletesTagsOfManifest: boolean;
  /** Gives the tags of a repository in pages. */
  readonly pagesTags: boolean;
}

/** All that the tests run against. */
export const registries: readonly RegistryKind[] = [
  {
    name: 'docker-registry',
    start: (t) => startDockerRegistry(t),
    referrers: 'tag',
    mounts: true,
    singlePost: false,
    sha512: 'refused',
    deletesTags: false,
    deletesTagsOfManifest: true,
    pagesTags: false,
  },
  {
    name: 'olareg',
    start: startOlareg,
    referrers: 'api',
    mounts: true,
    singlePost: true,
    sha512: 'by digest, tags name sha256',
    deletesTags: true,
    deletesTagsOfManifest: true,
    pagesTags: true,
  },
  {
    name: 'crane registry',
    start: startCraneRegistry,
    referrers: 'tag',
    mounts: false,
    singlePost: true,
    sha512: 'by digest, tags name sha256',
    deletesTags: true,
    deletesTagsOfManifest: false,
    pagesTags: true,
  },
  {
    name: 'gantry registry',
    start: (t) => startGantryRegistry(t),
    referrers: 'api',
    mounts: true,
    singlePost: true,
    sha512: 'by digest and tag',
    deletesTags: true,
    deletesTagsOfManifest: true,
    pagesTags: true,
  },
];
