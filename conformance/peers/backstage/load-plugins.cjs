// Loads a directory of dynamic plugins as a backend of Backstage does, without the backend: prints what was found, and
// every line that Backstage logged. Run in the directory that @backstage was installed into.
const { ConfigReader } = require('@backstage/config');
const { DynamicPluginManager } = require('@backstage/backend-dynamic-feature-service');

const lines = [];
const log = (level) => (message, error) => {
  lines.push({ level, message: error?.message === undefined ? message : `${message}: ${error.message}` });
};
const logger = {
  info: log('info'),
  warn: log('warn'),
  error: log('error'),
  debug: () => {},
  child: () => logger,
};

async function load(rootDirectory) {
  const config = new ConfigReader({ dynamicPlugins: { rootDirectory } });
  const manager = await DynamicPluginManager.create({ config, logger, preferAlpha: true });
  const plugins = manager.plugins({ includeFailed: true }).map(({ name, version, role, failure, installer }) => ({
    name,
    version,
    role,
    failure,
    feature: installer?.kind === 'new' ? installer.install().$$type : undefined,
  }));
  process.stdout.write(JSON.stringify({ plugins, lines }));
}

// It watches the directory, so it would not end by itself.
load(process.argv[2]).then(() => process.exit(0));
