import type { LogSink } from '../install/log-sink.ts';

/** One entry of `EXTRA_CATALOG_INDEX_IMAGES`. */
export interface ExtraIndex {
  /** The directory below `extra/`. */
  readonly name: string;
  /** As written. */
  readonly image: string;
}

/**
 * Reads `EXTRA_CATALOG_INDEX_IMAGES`: a comma list of `REF` or `NAME=REF`. Entries without a reference, and names that are
 * no single directory, are left out with a warning.
 */
export function extraIndexes(text: string, log: LogSink): readonly ExtraIndex[] {
  const found: ExtraIndex[] = [];
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const equals = entry.indexOf('=');
    const image = entry.slice(equals + 1).trim();
    const name = equals < 0 ? image.replaceAll(/[/:@]/g, '_') : entry.slice(0, equals).trim();
    if (image === '') {
      log.warn(`WARNING: Skipping EXTRA_CATALOG_INDEX_IMAGES entry with empty image reference: '${entry}'`);
    } else if (name === '' || name === '.' || name === '..' || /[/\\\u0000-\u001f\u007f]/.test(name)) {
      log.warn(
        `WARNING: Skipping EXTRA_CATALOG_INDEX_IMAGES entry with unsafe subdirectory name '${name}' in '${entry}'. ` +
          'The name must be that of a single directory.',
      );
    } else {
      found.push({ name, image });
    }
  }
  return found;
}
