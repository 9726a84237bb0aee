import { join, resolve } from 'node:path';
import { type Digest, isGantryError, type Op } from '@gantry/oci';
import { emitAppConfig } from '../app-config/emit-app-config.ts';
import { mergePluginConfigs, type PluginConfig } from '../app-config/merge-plugin-configs.ts';
import { shown } from '../config/config-fault.ts';
import { knownDirectory } from '../config/same-directory.ts';
import type { CatalogDefault } from '../images/catalog-index.ts';
import { type DynamicRoot, type InstalledDirectory, openDynamicRoot } from '../root/open-root.ts';
import { carryOut } from './carry-out.ts';
import { countTraffic } from './count-traffic.ts';
import { type Decisions, decideAll } from './decide-all.ts';
import { type InstallSettings, installSettings } from './install-settings.ts';
import { type InstalledPlugins, indexInstalled } from './installed-plugins.ts';
import type { LogSink } from './log-sink.ts';
import { openPackages, type Packages } from './open-packages.ts';
import type { InstallReport, PluginReport } from './plugin-report.ts';
import { reportPlugins, reportRemoved } from './report-plugins.ts';
import type { InstallOptions } from './run-context.ts';
import { settleStanding } from './settle-standing.ts';
import { withCatalog } from './with-catalog.ts';

/** Name of what Backstage reads, in the root. */
const APP_CONFIG = 'app-config.dynamic-plugins.yaml';

/** How often a run that lost its lock to another installer starts again. */
const MOST_ATTEMPTS = 3;

/** How a run ended. */
export interface InstallOutcome {
  readonly report: InstallReport;
  /** What ended the run before it was through; undefined when every plugin was dealt with, well or not. */
  readonly failure: unknown;
}

/** One run while it goes on. */
interface Run {
  readonly options: InstallOptions;
  readonly variables: InstallSettings;
  readonly root: DynamicRoot;
  readonly packages: Packages;
  readonly op: Op;
  /** Filled as plugins are dealt with. */
  readonly plugins: PluginReport[];
}

/** What a run that was not cut short brings about, beside its plugins. */
type Result = Pick<InstallReport, 'appConfig' | 'estimate'>;

/**
 * Brings a directory of dynamic plugins to what dynamic-plugins.yaml asks for, as `install-dynamic-plugins` of Developer Hub
 * does: takes the lock, finishes what a killed run left, reads the configuration, finds conflicts, installs what is not
 * there in parallel, removes what is no longer declared, and writes app-config.dynamic-plugins.yaml last. When a plugin
 * fails the others are installed, and nothing is removed or written. Never throws: what ends it early is in the outcome.
 */
export async function installDynamicPlugins(options: InstallOptions, op?: Op): Promise<InstallOutcome> {
  const { environment } = options;
  const started = environment.monotonic();
  const counted = countTraffic(op);
  const directory = resolve(options.directory, options.root);
  const plugins: PluginReport[] = [];
  let result: Result = { appConfig: null };
  let failure: unknown;
  for (let attempt = 1; ; attempt += 1) {
    try {
      result = await openAndInstall(options, directory, plugins, counted.op);
    } catch (error) {
      if (attempt < MOST_ATTEMPTS && isGantryError(error) && error.code === 'INSTALL_LOCK_LOST') {
        options.log.warn(`WARNING: ${error.message}; starting again`);
        plugins.length = 0;
        continue;
      }
      failure = error;
    }
    break;
  }
  const seconds = (environment.monotonic() - started) / 1000;
  return { report: { root: directory, plugins, ...counted.traffic(), seconds, ...result }, failure };
}

async function openAndInstall(
  options: InstallOptions,
  directory: string,
  plugins: PluginReport[],
  op: Op,
): Promise<Result> {
  const { environment, log } = options;
  const variables = installSettings(environment.env, log, op);
  const { lockTimeoutMs } = variables;
  const patience = lockTimeoutMs === undefined ? {} : { lockTimeoutMs };
  const root = openDynamicRoot(directory, { environment, log, ...patience });
  const packages = openPackages({ ...options, variables, root });
  try {
    if (options.dryRun !== true) await root.lock(op);
    return await runInstall({ options, variables, root, packages, op, plugins });
  } finally {
    await packages[Symbol.asyncDispose]();
    await root[Symbol.asyncDispose]();
  }
}

async function runInstall(run: Run): Promise<Result> {
  const { options, root, plugins, op } = run;
  const { log, environment, directory } = options;
  const installed = indexInstalled(root.installed(op));
  const decided = await withCatalog(run, (catalog) => decide(run, installed, catalog));
  if (decided === undefined) return writeAppConfig(run, '');
  const text = emitAppConfig(mergePluginConfigs(pluginConfigs(decided)));
  sayWhatStays(decided, directory, log);
  const decisions = [...decided.decisions.values()];
  const wanted = decisions.filter(({ standing }) => standing === undefined);
  if (options.dryRun === true) {
    const { estimateDisk } = await import('./estimate-disk.ts');
    const context = {
      directory,
      skipIntegrity: run.variables.skipIntegrity,
      policy: options.policy,
      packages: run.packages,
    };
    const { estimate, failures } = await estimateDisk(wanted, context, op);
    const installations = new Map([...failures].map(([decision, error]) => [decision, { error, seconds: 0 }]));
    plugins.push(...reportPlugins({ decided, installations, root: root.directory, planned: true }));
    for (const decision of wanted) {
      if (!failures.has(decision)) log.line(`\n======= Would install dynamic plugin ${shown(decision.entry.package)}`);
    }
    for (const one of obsolete(willBeTaken(decided), installed)) {
      log.line(`\n======= Would remove previously installed dynamic plugin ${one.name}`);
      plugins.push(reportRemoved(one, root.directory));
    }
    return { appConfig: null, estimate };
  }
  for (const decision of decisions) await settleStanding(decision, root, decided.paths, environment.now(), op);
  const taken = directoriesTaken(decided);
  const installations = await carryOut(
    wanted,
    { ...run, paths: decided.paths, taken, environment, policy: options.policy, log },
    op,
  );
  plugins.push(...reportPlugins({ decided, installations, root: root.directory, planned: false }));
  if (plugins.some(({ state }) => state === 'failed')) return { appConfig: null };
  for (const one of obsolete(taken, installed)) {
    log.line(`\n======= Removing previously installed dynamic plugin ${one.name}`);
    await root.remove(one.name, op);
    plugins.push(reportRemoved(one, root.directory));
  }
  return writeAppConfig(run, text);
}

function decide(
  { options, variables, packages, op }: Run,
  installed: InstalledPlugins,
  catalogDefault: CatalogDefault | undefined,
): Promise<Decisions | undefined> {
  const { directory, policy, log } = options;
  const reader = {
    directory,
    catalogDefault,
    skipIntegrity: variables.skipIntegrity,
    installed,
    askPaths: async (image: string) => (await packages.images(op)).paths(image, op),
  };
  const peek = async (image: string): Promise<Digest> => (await packages.images(op)).peek(image, op);
  return decideAll(reader, { directory, installed, policy, peek }, log, op);
}

function pluginConfigs({ loaded }: Decisions): readonly PluginConfig[] {
  return loaded.plugins.flatMap(({ enabled, package: name, pluginConfig }) =>
    enabled && pluginConfig !== undefined ? [{ package: name, config: pluginConfig }] : [],
  );
}

/** Says of each plugin for which nothing is to be done why that is so. */
function sayWhatStays({ loaded, decisions, missing }: Decisions, directory: string, log: LogSink): void {
  for (const entry of loaded.plugins) {
    const name = shown(entry.package);
    const standing = decisions.get(entry)?.standing;
    if (!entry.enabled) log.line(`\n======= Skipping disabled dynamic plugin ${name}`);
    else if (standing !== undefined) {
      const why =
        entry.source.type === 'oci' && entry.pullPolicy === 'Always' ? 'digest_unchanged' : 'already_installed';
      log.line(`\n======= Skipping download of already installed dynamic plugin ${name} (${why})`);
    }
  }
  if (missing.size === 0) return;
  log.warn(`\n======= Skipping ${missing.size} local plugins (directories not found)`);
  for (const { package: name, source } of missing) {
    const where = source.type === 'local' ? ` (not found at ${shown(resolve(directory, source.directory))})` : '';
    log.warn(`\t==> ${shown(name)}${where}`);
  }
}

/** The directories of plugins that stay as they are, with the package of each. */
function directoriesTaken({ decisions }: Decisions): Map<string, string> {
  const standing = [...decisions.values()].filter((decision) => decision.standing !== undefined);
  return new Map(standing.map((decision) => [decision.standing?.name ?? '', decision.entry.package]));
}

/** The directories that plugins have or will have, as far as it is known before they are here. */
function willBeTaken(decided: Decisions): ReadonlySet<string> {
  const wanted = [...decided.decisions.keys()].flatMap(({ source }) => knownDirectory(source) ?? []);
  return new Set([...directoriesTaken(decided).keys(), ...wanted]);
}

/** The directories of plugins that nothing declares any more. */
function obsolete(taken: { has(name: string): boolean }, { all }: InstalledPlugins): readonly InstalledDirectory[] {
  return all.filter(({ name }) => !taken.has(name));
}

async function writeAppConfig({ options, root, op }: Run, text: string): Promise<Result> {
  if (options.dryRun === true) return { appConfig: null };
  await root.writeFile(APP_CONFIG, text, op);
  return { appConfig: join(root.directory, APP_CONFIG) };
}
