/** verdaccio: a registry of npm packages that real npm publishes to. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from '@gantry/testkit';
import { type DynamicPlugin, packageName, writeDynamicPlugin } from './dynamic-plugin.ts';
import { peersDirectory } from './install-peers.ts';
import { freePort, run, startService, temporaryDirectory } from './processes.ts';

/** A verdaccio that runs for one test. The scope `@acme` is for users only, everything else for everybody. */
export interface Verdaccio {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  /** `//127.0.0.1:PORT/`, as keys of `.npmrc` name it. */
  readonly place: string;
  /** Token of its one user. */
  readonly token: string;
  /** Publishes a plugin; gives its integrity. */
  publish(plugin: DynamicPlugin, options?: PublishOptions): Promise<string>;
  /** Publishes an archive that npm packed. */
  publishFile(file: string): Promise<void>;
  /** How many requests it has answered. */
  requests(): Promise<number>;
}

/** Options of {@link Verdaccio.publish}. */
export interface PublishOptions {
  readonly tag?: string;
  /** Fields of package.json instead of those that it has. */
  readonly manifest?: Readonly<Record<string, unknown>> & { readonly name?: string };
}

const USER = { name: 'ann', password: 'password-of-ann' };

/** Starts it with nothing published, and one user. */
export async function startVerdaccio(t: Cleanup): Promise<Verdaccio> {
  const directory = await temporaryDirectory(t);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const place = `//127.0.0.1:${port}/`;
  const log = join(directory, 'log');
  const configuration = join(directory, 'config.yaml');
  await writeFile(configuration, configurationOf(directory, log));
  const program = join(peersDirectory, 'verdaccio', 'node_modules', 'verdaccio', 'bin', 'verdaccio');
  const listen = ['--config', configuration, '--listen', `127.0.0.1:${port}`];
  await startService(t, process.execPath, [program, ...listen], port);
  const token = await register(url);
  const npmrc = join(directory, 'npmrc');
  await writeFile(npmrc, `registry=${url}\n${place}:_authToken=${token}\nupdate-notifier=false\n`);
  const env = { NPM_CONFIG_USERCONFIG: npmrc, npm_config_cache: join(directory, 'cache') };
  let count = 0;
  return {
    ...{ url, place, token },
    publish: async (plugin, { tag = 'latest', manifest = {} } = {}) => {
      count += 1;
      const source = join(directory, `package-${count}`);
      await mkdir(source);
      await writeDynamicPlugin(source, plugin);
      const file = join(source, 'package.json');
      await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...manifest }));
      const printed = await run('npm', ['publish', '--json', '--tag', tag], { cwd: source, env });
      return integrityIn(JSON.parse(printed) as Published, manifest.name ?? packageName(plugin));
    },
    publishFile: async (file) => {
      await run('npm', ['publish', '--silent', file], { cwd: directory, env });
    },
    requests: async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line.includes('"status"')).length,
  };
}

/** What `npm publish --json` prints: the package itself, or by its name. */
type Published = { readonly integrity?: string } & Readonly<Record<string, { readonly integrity?: string } | string>>;

function integrityIn(printed: Published, name: string): string {
  const named = printed[name];
  const integrity = printed.integrity ?? (typeof named === 'object' ? named.integrity : undefined);
  if (integrity === undefined) throw new Error(`npm publish did not say the integrity of ${name}`);
  return integrity;
}

function configurationOf(directory: string, log: string): string {
  return [
    `storage: ${join(directory, 'storage')}`,
    `auth: {htpasswd: {file: ${join(directory, 'htpasswd')}, algorithm: sha1}}`,
    'uplinks: {}',
    'packages:',
    "  '@acme/*': {access: $authenticated, publish: $authenticated}",
    "  '**': {access: $all, publish: $authenticated}",
    `log: {type: file, path: ${log}, format: json, level: http}`,
    'web: {enable: false}',
    '',
  ].join('\n');
}

async function register(url: string): Promise<string> {
  const answer = await fetch(`${url}-/user/org.couchdb.user:${USER.name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...USER, type: 'user' }),
  });
  const { token } = (await answer.json()) as { token?: string };
  if (token === undefined) throw new Error(`verdaccio did not register a user: ${answer.status}`);
  return token;
}
