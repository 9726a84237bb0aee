import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isGantryError, type Op, ociError, openLayout, type Repository, repositoryName } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { withoutSecrets } from '../config/config-fault.ts';
import { CONFIGURATION_FILE, type LoadedConfiguration, loadDynamicPlugins } from '../config/load-dynamic-plugins.ts';
import { isPluginFile } from '../config/read-plugin-file.ts';
import type { CatalogDefault } from '../images/catalog-index.ts';
import { extraIndexes } from '../images/extra-indexes.ts';
import { DEFAULT_FILE } from '../images/kept-indexes.ts';
import { openImages } from '../images/open-images.ts';
import { imageReference } from '../images/resolve-image.ts';
import { countTraffic, type Traffic } from '../install/count-traffic.ts';
import { silentLog } from '../install/log-sink.ts';
import { type HubOptions, type HubSources, openHubSources } from './hub-sources.ts';
import { type ImageMirror, openImageMirror } from './mirror-images.ts';
import { mirrorPackage } from './mirror-packages.ts';
import { type MirrorRecord, readMirrorRecord, writeMirrorRecord } from './mirror-record.ts';

/** What was brought into a directory. */
export interface MirroredDirectory extends MirrorRecord, Traffic {
  /** Local packages, which travel with the configuration. */
  readonly local: readonly string[];
  /** What is not there, and why. */
  readonly failures: readonly { readonly package: string; readonly error: unknown }[];
}

/** One run while it goes on. */
interface Run {
  readonly options: HubOptions;
  readonly target: string;
  readonly sources: HubSources;
  readonly mirror: ImageMirror;
  readonly op: Op;
  /** Images by their names, in the order they were copied. */
  readonly images: Map<string, MirrorRecord['images'][number]>;
  readonly failures: { readonly package: string; readonly error: unknown }[];
}

/**
 * Brings everything that dynamic-plugins.yaml and the catalog indexes of the environment need into a directory: images with
 * their signatures in one OCI layout, other packages as files, `mirror.json` to say what is what. Nothing is downloaded that
 * is there already, so that a run that was interrupted goes on. A package that cannot be had is among the failures, and the
 * others go on. Throws `CONFIG_DYNAMIC_PLUGINS` and its like, `CONTENT_LAYOUT_INVALID`, `INSTALL_DAMAGED`, and what is wrong
 * with the primary catalog index, without which nothing is known.
 */
export async function mirrorToDirectory(
  target: string,
  options: HubOptions,
  operation?: Op,
): Promise<MirroredDirectory> {
  const { op, traffic } = countTraffic(operation);
  requireConfiguration(options.directory);
  await using sources = openHubSources(options, op);
  const before = readMirrorRecord(target, op) ?? { images: [], packages: [] };
  await using layout = await openLayout(target, { create: true }, op);
  const mirror = openImageMirror(sources.images, layout);
  const run: Run = { options, target, sources, mirror, op, images: new Map(), failures: [] };
  const loaded = await loadAll(run, layout);
  const plugins = loaded.state === 'loaded' ? loaded.plugins.filter(({ enabled }) => enabled) : [];
  for (const { package: name, source } of plugins) {
    if (source.type === 'oci') await settle(run, name, () => copyImage(run, source.image));
  }
  const packages = new Map<string, MirrorRecord['packages'][number]>();
  const record = (rest: MirrorRecord['packages']): void =>
    writeMirrorRecord(target, { images: [...run.images.values()], packages: [...packages.values(), ...rest] });
  for (const entry of plugins) {
    if (entry.source.type !== 'npm') continue;
    await settle(run, entry.package, async () => {
      packages.set(entry.key, await mirrorPackage(entry, target, before.packages, sources.tarballs, op));
      const done = new Set([...packages.values()].map((one) => one.package));
      record(before.packages.filter((one) => !done.has(one.package)));
    });
  }
  record([]);
  return {
    images: [...run.images.values()],
    packages: [...packages.values()],
    local: plugins.flatMap(({ source }) => (source.type === 'local' ? [source.directory] : [])),
    failures: [
      ...(loaded.state === 'loaded' ? loaded.failures : []).map(({ package: name, error }) => ({
        package: withoutSecrets(name),
        error,
      })),
      ...run.failures,
    ],
    ...traffic(),
  };
}

/** What there is nothing to fetch for is a mistake here, other than at the start of a pod. */
function requireConfiguration(directory: string): void {
  if (isPluginFile({ path: join(directory, CONFIGURATION_FILE), shownAs: CONFIGURATION_FILE })) return;
  throw backstageError('CONFIG_DYNAMIC_PLUGINS', `there is no ${CONFIGURATION_FILE} in ${directory}`, {
    details: { path: directory },
    hint: 'run it where dynamic-plugins.yaml is',
  });
}

async function copyImage({ mirror, images, op }: Run, image: string): Promise<void> {
  images.set(image, await mirror.copy(image, op));
}

async function settle({ failures, op }: Run, name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    op.signal?.throwIfAborted();
    if (!isGantryError(error)) throw error;
    failures.push({ package: withoutSecrets(name), error });
  }
}

/** The configuration, after the catalog indexes were copied; the primary one says what its default file asks for. */
async function loadAll(run: Run, layout: Repository): Promise<LoadedConfiguration> {
  const { options, sources, op } = run;
  const { log, directory } = options;
  const { catalogIndex, extraCatalogIndexes = '', skipIntegrity } = sources.variables;
  const temporary = await mkdtemp(join(tmpdir(), 'gantry-mirror-'));
  try {
    const primary = catalogIndex === undefined ? undefined : indexImage(catalogIndex);
    if (primary !== undefined) await copyImage(run, primary);
    for (const { image } of extraIndexes(extraCatalogIndexes, log)) {
      await settle(run, image, () => copyImage(run, indexImage(image)));
    }
    const catalogDefault = primary === undefined ? undefined : await readDefault(run, layout, primary, temporary);
    // What is asked is fetched as well, so that the other side can ask it.
    const detectPaths = async (image: string): Promise<readonly string[]> => {
      const paths = await sources.images.paths(image, op);
      await copyImage(run, image);
      return paths;
    };
    const files = { directory, ...(catalogDefault !== undefined && { catalogDefault }) };
    return await loadDynamicPlugins({ ...files, detectPaths, skipIntegrity, log }, op);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** As the variables may have it, with a scheme that is none of ours. */
function indexImage(written: string): string {
  return written.replace(/^(?:docker|oci):\/\//, '');
}

/** The default file of an index image that is in the layout already. */
async function readDefault(
  { images, options, sources, op }: Run,
  layout: Repository,
  image: string,
  temporary: string,
): Promise<CatalogDefault> {
  const { platform } = options.settings;
  const copied = openImages({
    openRepository: async () => layout,
    // It was admitted before it was copied.
    policy: { fallback: 'none', lists: [] },
    ...(platform !== undefined && { platform }),
    maxEntryBytes: sources.variables.maxEntryBytes,
    remembered: () => undefined,
    strictFallback: true,
    log: silentLog,
  });
  const pinned = `${repositoryName(imageReference(image, op))}@${images.get(image)?.digest}`;
  const staging = await mkdtemp(join(temporary, '.gantry-'));
  const { directory, extraction } = await copied.extract(pinned, [DEFAULT_FILE], staging, op);
  if (extraction.files.some(({ path }) => path === DEFAULT_FILE)) {
    return { file: join(directory, DEFAULT_FILE), shownAs: `${image}/${DEFAULT_FILE}` };
  }
  throw ociError(
    'CONTENT_NOT_FOUND',
    `Catalog index image ${image} does not contain the expected ${DEFAULT_FILE} file`,
    {
      details: { image },
      hint: 'check that CATALOG_INDEX_IMAGE names a catalog index',
    },
  );
}
