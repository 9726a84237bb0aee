/** Two versions of a set of plugins from every kind of package: each of their files says of which version it is. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { forgeTar, gzipped, type HubWorld, publishArtifact, storageSink } from '@gantry/testkit';

/** What is installed of the versions. */
export type Version = 'a' | 'b';

/** Files that do nothing but make a plugin large enough to be seen half-made. */
const FILLING = 60;

/** The files of a plugin. */
function filesOf(name: string, version: Version): Readonly<Record<string, string>> {
  const manifest = {
    name,
    version: '1.0.0',
    main: 'dist/index.js',
    backstage: { role: 'backend-plugin' },
    dependencies: { inner: '1.0.0' },
    bundleDependencies: true,
    of: version,
  };
  const parts = ['./a.js', './chunks/59.js', '../node_modules/inner/index.js'];
  const filling = Array.from({ length: FILLING }, (_, nth) => [`dist/chunks/${nth}.js`, says(version)] as const);
  return {
    'package.json': JSON.stringify(manifest),
    'dist/index.js': `module.exports = ['${version}', ${parts.map((part) => `require('${part}')`).join(', ')}];\n`,
    'dist/a.js': says(version),
    'node_modules/inner/index.js': says(version),
    'node_modules/inner/package.json': '{"name":"inner","version":"1.0.0"}',
    ...Object.fromEntries(filling),
  };
}

function says(version: Version): string {
  return `module.exports = '${version}';\n`;
}

async function publishImage(
  hub: HubWorld,
  image: string,
  version: Version,
  plugins: readonly string[],
): Promise<string> {
  const entries = plugins.flatMap((plugin) =>
    Object.entries(filesOf(plugin, version)).map(([path, content]) => ({ name: `${plugin}/${path}`, content })),
  );
  const annotation = Buffer.from(JSON.stringify(plugins.map((plugin) => ({ [plugin]: { name: plugin } }))));
  await publishArtifact(storageSink(hub.registry.storage, image), {
    tag: version,
    layers: [{ content: gzipped(forgeTar(entries)), mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' }],
    annotations: { 'io.backstage.dynamic-packages': annotation.toString('base64') },
  });
  return `oci://${hub.registry.address}/${image}:${version}`;
}

/** Publishes a version and gives a working directory whose dynamic-plugins.yaml asks for it. */
export async function publishVersion(hub: HubWorld, version: Version): Promise<string> {
  const one = await publishImage(hub, 'acme/one', version, ['one']);
  // Each version has a plugin that the other has not.
  const many = await publishImage(hub, 'acme/many', version, ['two', 'three', `only-${version}`]);
  const { 'package.json': manifest = '', ...files } = filesOf('four', version);
  const { url, integrity } = hub.npm.publish({
    name: 'four',
    version: version === 'a' ? '1.0.0' : '2.0.0',
    files,
    manifest: JSON.parse(manifest) as Record<string, unknown>,
  });
  const directory = join(hub.cwd, `pod-${version}`);
  for (const [path, text] of Object.entries(filesOf('five', version))) {
    await mkdir(dirname(join(directory, 'five', path)), { recursive: true });
    await writeFile(join(directory, 'five', path), text);
  }
  const configuration = `plugins:
  - package: ${one}
    pluginConfig: { one: { of: ${version} } }
  - package: ${many}!two
  - package: ${many}!three
    pluginConfig: { three: { of: ${version}, only: { ${version}: true } } }
  - package: ${many}!only-${version}
  - package: ${url}
    integrity: ${integrity}
  - package: ./five
`;
  await writeFile(join(directory, 'dynamic-plugins.yaml'), configuration);
  return directory;
}
