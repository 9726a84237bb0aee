/** Dynamic plugins of Backstage as `rhdh-cli plugin export` leaves them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a plugin of a test is. */
export interface DynamicPlugin {
  /** Of its package, which is called `@acme/plugin-NAME-backend-dynamic`; also its id in Backstage. */
  readonly name: string;
  readonly version?: string;
}

/** Name of its npm package. */
export function packageName({ name }: DynamicPlugin): string {
  return `@acme/plugin-${name}-backend-dynamic`;
}

/** Name of its directory in an image. */
export function imageDirectory({ name }: DynamicPlugin): string {
  return `acme-plugin-${name}-backend`;
}

/** Name of the directory that a package of npm gets in the root. */
export function packageDirectory({ name, version = '1.0.0' }: DynamicPlugin): string {
  return `acme-plugin-${name}-backend-dynamic-${version}`;
}

/**
 * Writes a plugin into a directory. With `GET /api/NAME/greeting` it answers what a dependency that it brings makes of the
 * configuration `NAME.greeting`.
 */
export async function writeDynamicPlugin(directory: string, plugin: DynamicPlugin): Promise<void> {
  const { name, version = '1.0.0' } = plugin;
  const manifest = {
    name: packageName(plugin),
    version,
    description: `greets as ${name}`,
    main: 'dist/index.cjs.js',
    files: ['dist'],
    backstage: { role: 'backend-plugin', pluginId: name },
    dependencies: { 'acme-inner': '1.0.0' },
    bundleDependencies: true,
    peerDependencies: { '@backstage/backend-plugin-api': '^1.0.0' },
  };
  const files = {
    'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'dist/index.cjs.js': source(name),
    'node_modules/acme-inner/package.json': '{"name":"acme-inner","version":"1.0.0","main":"index.js"}\n',
    'node_modules/acme-inner/index.js': 'exports.wrap = (text) => "<" + text + ">";\n',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}

function source(name: string): string {
  return `'use strict';
Object.defineProperty(exports, '__esModule', { value: true });
const { coreServices, createBackendPlugin } = require('@backstage/backend-plugin-api');
const { wrap } = require('acme-inner');
exports.default = createBackendPlugin({
  pluginId: '${name}',
  register(env) {
    env.registerInit({
      deps: { router: coreServices.httpRouter, config: coreServices.rootConfig },
      async init({ router, config }) {
        const greeting = config.getString('${name}.greeting');
        router.use((request, response) => response.json({ greeting: wrap(greeting), path: request.path }));
      },
    });
  },
});
`;
}
