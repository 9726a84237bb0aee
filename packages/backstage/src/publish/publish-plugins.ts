import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DYNAMIC_PACKAGES, encodeDynamicPackages, packDirectory } from '@gantry/core';
import type { ContentSink, Op } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import { packLocal } from '../npm/pack-local.ts';
import { readManifest } from '../npm/package-manifest.ts';
import { type ExportedPlugin, readExportedPlugin, requireDistinctPlugins } from './exported-plugin.ts';
import { type ImageRequest, type PublishedImage, publishImage, requireOwnAnnotations } from './publish-image.ts';

/** Dynamic plugins that go into one image. */
export interface PluginsRequest extends ImageRequest {
  /** Absolute paths of exported plugins, or of directories that hold one in `dist-dynamic`. */
  readonly directories: readonly string[];
}

/** An image of dynamic plugins. */
export interface PublishedPlugins extends PublishedImage {
  /** In the order they were named. */
  readonly plugins: readonly ExportedPlugin[];
}

/**
 * Publishes dynamic plugins in one image, laid out and annotated as `rhdh-cli plugin package` does it: one gzip layer with
 * a directory for each, the files that `npm pack` would select, `index.json` beside them. Nothing is sent before all of them
 * are packed; one that cannot be fails the whole. Throws `CONFIG_PATH_UNREADABLE`, `CONFIG_INVALID`, `CONFIG_PACKAGE`,
 * `CONFIG_PLUGIN_DUPLICATE`, `ARCHIVE_LIMIT`, `STORE_FULL`, `INSTALL_IO` and what the sink throws.
 */
export async function publishPlugins(sink: ContentSink, request: PluginsRequest, op?: Op): Promise<PublishedPlugins> {
  requireOwnAnnotations(request.annotations ?? {});
  const plugins: ExportedPlugin[] = [];
  for (const path of request.directories) plugins.push(await readExportedPlugin(path, op));
  requireDistinctPlugins(plugins);
  const staging = await mkdtemp(join(tmpdir(), 'gantry-package-'));
  try {
    await stage(plugins, staging, op);
    const packed = await packDirectory(staging, '', op);
    try {
      const annotations = { [DYNAMIC_PACKAGES]: encodeDynamicPackages(plugins) };
      return { ...(await publishImage(sink, packed, { annotations }, request, op)), plugins };
    } finally {
      await packed.dispose();
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function stage(plugins: readonly ExportedPlugin[], staging: string, op?: Op): Promise<void> {
  const rules = { maxEntryBytes: backstageLimits(op, 'pluginEntryBytes'), groupWritable: false };
  for (const { source, directory } of plugins) {
    const manifest = await readManifest(source, source, op);
    await packLocal(source, manifest, join(staging, directory), rules, op);
  }
  const list = plugins.map(({ directory, facts }) => ({ [directory]: facts }));
  await writeFile(join(staging, 'index.json'), `${JSON.stringify(list, null, 2)}\n`);
}
