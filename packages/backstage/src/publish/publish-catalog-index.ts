import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { coreError, packDirectory } from '@gantry/core';
import type { ContentSink, Op } from '@gantry/oci';
import { isPluginFile, readPluginFile } from '../config/read-plugin-file.ts';
import { readEntries } from '../config/written-entry.ts';
import { ENTITY_PLACES } from '../images/catalog-entities.ts';
import { DEFAULT_FILE } from '../images/kept-indexes.ts';
import type { LogSink } from '../install/log-sink.ts';
import { type ImageRequest, type PublishedImage, publishImage, requireOwnAnnotations } from './publish-image.ts';

/** Nobody: an index image is never run. */
const USER = '65534';

/** A directory that becomes a catalog index image. */
export interface CatalogIndexRequest extends ImageRequest {
  /** Absolute path; what is in it is at the root of the image. */
  readonly directory: string;
  readonly log: LogSink;
}

/**
 * Publishes a catalog index image: `dynamic-plugins.default.yaml`, which is read as an installer would, and
 * `catalog-entities`; whatever else there is goes along. Throws `CONFIG_INVALID` for a directory with neither,
 * `CONFIG_DYNAMIC_PLUGINS`, `CONFIG_PATH_UNREADABLE`, `ARCHIVE_UNSAFE_LINK`, `ARCHIVE_UNSAFE_ENTRY` and what the sink throws.
 */
export async function publishCatalogIndex(
  sink: ContentSink,
  request: CatalogIndexRequest,
  op?: Op,
): Promise<PublishedImage> {
  requireOwnAnnotations(request.annotations ?? {});
  requireIndex(request, op);
  const packed = await packDirectory(request.directory, '', op);
  try {
    return await publishImage(sink, packed, { annotations: {}, user: USER }, request, op);
  } finally {
    await packed.dispose();
  }
}

function requireIndex({ directory, log }: CatalogIndexRequest, op?: Op): void {
  const file = { path: join(directory, DEFAULT_FILE), shownAs: join(directory, DEFAULT_FILE) };
  if (isPluginFile(file)) {
    const content = readPluginFile(file, log, op);
    const plugins = content?.type === 'map' ? content.entries.get('plugins') : undefined;
    if (plugins !== undefined) {
      readEntries(plugins, file.shownAs, 0, log);
      return;
    }
    throw coreError('CONFIG_INVALID', `${file.path}: has no 'plugins'`, { details: { file: file.path } });
  }
  if (ENTITY_PLACES.some((place) => existsSync(join(directory, place)))) return;
  throw coreError('CONFIG_INVALID', `${directory}: has neither ${DEFAULT_FILE} nor ${ENTITY_PLACES.join(' nor ')}`, {
    details: { path: directory },
    hint: 'name the directory whose content is the root of the image',
  });
}
