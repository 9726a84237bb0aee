// `npm run demo:backstage`: four kinds of dynamic plugins, installed by install-dynamic-plugins and loaded by Backstage
// itself, which the first run installs (350 MB, and SQLite compiled where it cannot be had: minutes). Everything else is on loopback and leaves nothing behind.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { memoryStorage, serveRegistry } from '@gantry/registry';
import { type Cleanup, certificateAuthority, type NpmVersion, npmTarball, startNpmRegistry } from '@gantry/testkit';
import { complaints, loadDynamicPlugins, startBackend } from '../../conformance/backstage.ts';
import { type DeveloperHub, developerHub } from '../../conformance/developer-hub.ts';
import { imageDirectory, packageName, writeDynamicPlugin } from '../../conformance/dynamic-plugin.ts';
import { installBackstage } from '../../conformance/install-peers.ts';
import { outcomeOf } from '../../conformance/processes.ts';
import { repository } from '../packages.ts';
import { heading } from './print.ts';

const endings: (() => unknown)[] = [];
const cleanup: Cleanup = { after: (work) => void endings.push(work) };

installBackstage();
try {
  await demonstrate(await developerHub(cleanup));
} finally {
  for (const end of endings) await end();
}

async function demonstrate(hub: DeveloperHub): Promise<void> {
  await hub.write(await fourKinds(hub));
  heading('dynamic-plugins.yaml');
  process.stdout.write(await readFile(join(hub.directory, 'dynamic-plugins.yaml'), 'utf8'));
  heading('install-dynamic-plugins dynamic-plugins-root');
  await install(hub);
  heading('The same once more: nothing is asked of anybody');
  await install(hub);

  heading("Backstage's own loader");
  const loaded = await loadDynamicPlugins(hub.root);
  for (const { name, feature, failure } of loaded.plugins) process.stdout.write(`  ${name} ${failure ?? feature}\n`);
  process.stdout.write(`  complaints: ${complaints(loaded).join(', ') || 'none'}\n`);

  heading('A backend with app-config.dynamic-plugins.yaml');
  const { url } = await startBackend(cleanup, hub.directory);
  for (const name of ['image', 'npm', 'archive', 'directory']) {
    const answer = await fetch(`${url}/api/${name}/`);
    process.stdout.write(`  GET /api/${name}/ ${answer.status} ${await answer.text()}\n`);
  }
}

async function install(hub: DeveloperHub): Promise<void> {
  const { code, stdout, stderr } = await hub.run();
  process.stdout.write(`${stdout}${stderr}`);
  if (code !== 0) throw new Error(`install-dynamic-plugins ended with ${code}`);
}

/** Publishes a plugin of each kind; gives the configuration that names them. */
async function fourKinds(hub: DeveloperHub): Promise<string> {
  const registry = await serveRegistry({ storage: memoryStorage() });
  cleanup.after(() => registry.close());
  const exported = join(hub.directory, 'exported');
  await mkdir(exported);
  await writeDynamicPlugin(exported, { name: 'image' });
  const image = `${registry.address}/acme/greeting:1.0`;
  const command = join(repository, 'packages', 'cli', 'bin', 'gantry.mjs');
  const pushed = await outcomeOf(process.execPath, [command, 'backstage', 'package', exported, '--tag', image]);
  if (pushed.code !== 0) throw new Error(pushed.stderr);

  const npm = await startNpmRegistry(cleanup);
  const published = npm.publish(await packable(join(hub.directory, 'for-npm'), 'npm'));
  await hub.write(`@acme:registry=${npm.url}\n`, 'dynamic-plugins-root/.npmrc');

  const archive = await serveArchive(hub);
  await writeDynamicPlugin(join(hub.directory, 'local'), { name: 'directory' });
  return `plugins:
  - package: oci://${image}!${imageDirectory({ name: 'image' })}
    pluginConfig: { image: { greeting: from an image } }
  - package: '${packageName({ name: 'npm' })}@1.0.0'
    integrity: ${published.integrity}
    pluginConfig: { npm: { greeting: from an npm registry } }
  - package: ${archive.url}
    integrity: ${archive.integrity}
    pluginConfig: { archive: { greeting: from a tarball } }
  - package: ./local
    pluginConfig: { directory: { greeting: from a directory } }
`;
}

/** A tarball on a server with a certificate of an authority of its own. */
async function serveArchive(hub: DeveloperHub): Promise<{ readonly url: string; readonly integrity: string }> {
  const bytes = npmTarball(await packable(join(hub.directory, 'for-archive'), 'archive'));
  const authority = certificateAuthority();
  const server = createServer(authority.issue(), (_request, response) => {
    response.end(bytes);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  cleanup.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const file = join(hub.directory, 'authority.pem');
  await writeFile(file, authority.cert);
  hub.env['NODE_EXTRA_CA_CERTS'] = file;
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/archive-1.0.0.tgz`,
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
  };
}

/** A plugin with its files, as an npm package holds them. */
async function packable(directory: string, name: string): Promise<NpmVersion> {
  await mkdir(directory);
  await writeDynamicPlugin(directory, { name });
  const { name: title, version, ...manifest } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
  const files: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const below = relative(directory, path);
    if (entry.isFile() && below !== 'package.json') files[below] = await readFile(path, 'utf8');
  }
  return { name: title, version, manifest, files };
}
