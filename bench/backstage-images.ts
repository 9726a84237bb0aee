/** The workload of Developer Hub: exported plugins as their tools publish them, one gzip layer in an image. */
import { createCipheriv } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildManifest,
  createHasher,
  type Descriptor,
  descriptorOf,
  MediaType,
  openRepository,
  openTransport,
} from '@gantry/oci';
import { cache } from './fixtures.ts';
import { sample } from './measure.ts';

/** How many files a plugin has, and of how many bytes: with these words gzip makes 2.1 MB of 7.3 MB. */
const FILES = 802;
const BYTES = 7_300_000;
const WORDS = 640;

/** The name of a plugin of the workload, which is its path in an image. */
export function pluginName(index: number): string {
  return `acme-plugin-${String(index).padStart(2, '0')}`;
}

/** The directory of a plugin, made once. */
export function pluginDirectory(index: number): string {
  const directory = join(cache, 'backstage-plugins', pluginName(index));
  if (existsSync(directory)) return directory;
  const partial = `${directory}.partial`;
  const text = words(index + 1);
  for (let file = 1; file < FILES; file++) {
    const folder = join(partial, file < 40 ? 'dist' : `node_modules/dependency-${file % 40}/lib`);
    mkdirSync(folder, { recursive: true });
    // Most files are small, some are bundles.
    const bytes = file < 40 ? (BYTES * 0.55) / 39 : (BYTES * 0.45) / (FILES - 40);
    writeFileSync(join(folder, `file-${file}.js`), text(bytes));
  }
  const manifest = { name: `@acme/plugin-${index}`, version: '1.0.0', backstage: { role: 'backend-plugin' } };
  writeFileSync(join(partial, 'package.json'), JSON.stringify({ ...manifest, main: 'dist/file-1.js' }));
  renameSync(partial, directory);
  return directory;
}

/** Publishes plugins as an image with one layer; gives its name in the registry. */
export async function publishPlugins(port: number, name: string, indexes: readonly number[]): Promise<string> {
  const archive = await layerOf(name, indexes);
  const hasher = createHasher();
  for await (const chunk of createReadStream(archive)) hasher.update(chunk);
  const layer = { mediaType: MediaType.layerTarGzip, digest: hasher.digest(), size: statSync(archive).size };
  const list = indexes.map((index) => ({ [pluginName(index)]: { name: pluginName(index) } }));
  const packages = Buffer.from(JSON.stringify(list)).toString('base64');
  const configuration = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.digest] } };
  const bytes = Buffer.from(JSON.stringify(configuration));
  const config: Descriptor = descriptorOf(bytes, MediaType.imageConfig);
  const annotations = { 'io.backstage.dynamic-packages': packages };
  const manifest = buildManifest({ config, layers: [layer], annotations });
  await using transport = openTransport({});
  await using target = await openRepository(`127.0.0.1:${port}/hub/${name}`, transport);
  await target.pushBlob(layer, () => createReadStream(archive));
  await target.pushBlob(config, async function* () {
    yield bytes;
  });
  await target.pushManifest(manifest.descriptor, manifest.bytes, { tag: '1' });
  return `hub/${name}:1`;
}

/** The layer of an image, made once. */
export async function layerOf(name: string, indexes: readonly number[]): Promise<string> {
  const archive = join(cache, `backstage-${name}.tar.gz`);
  if (existsSync(archive)) return archive;
  const directories = indexes.map(pluginDirectory);
  const names = indexes.map(pluginName);
  const flags = ['--owner=0', '--group=0', '--sort=name', '-I', 'gzip -6', '-cf', `${archive}.partial`];
  await sample(['tar', ...flags, '-C', join(directories[0] ?? cache, '..'), ...names]);
  renameSync(`${archive}.partial`, archive);
  return archive;
}

/** Text of words that a cipher with a fixed key chooses. */
function words(seed: number): (bytes: number) => Buffer {
  const cipher = createCipheriv('aes-256-ctr', Buffer.alloc(32, seed), Buffer.alloc(16));
  const next = (bytes: number): Buffer => cipher.update(Buffer.alloc(bytes));
  const vocabulary = Array.from({ length: WORDS }, () => {
    const raw = next(3 + ((next(1)[0] ?? 0) % 8));
    return `${raw.toString('base64url').slice(0, raw.length)} `;
  });
  return (bytes) => {
    let text = '';
    while (text.length < bytes) {
      const choice = next(2);
      text += vocabulary[choice.readUInt16LE() % WORDS] ?? '';
    }
    return Buffer.from(text.slice(0, bytes));
  };
}
