import { resolve } from 'node:path';
import { loadPublishing, type PinnedEntry } from '@gantry/backstage';
import { hubOptions } from '../app/hub-options.ts';
import { type ConfigFlags, readSettings } from '../app/settings.ts';
import type { Context } from '../context.ts';
import { failureFacts } from '../output/failure.ts';

/** Flags of `gantry backstage pin`. */
export interface PinOptions extends ConfigFlags {
  readonly write?: boolean;
}

const DEFAULT_FILE = 'dynamic-plugins.yaml';

/**
 * `gantry backstage pin [file]`. Without `--write` it prints what would change, as `diff -u` does. JSON: {file, written,
 * plugins: [{package, line, state: pinned | unchanged | failed, pinned?, digest?, integrity?, reason?, error?}], diff}.
 */
export async function backstagePin(
  context: Context,
  [file = DEFAULT_FILE]: readonly [string | undefined],
  options: PinOptions,
): Promise<void> {
  const { io, output } = context;
  const settings = await readSettings(context, options);
  const { pinFile } = await loadPublishing();
  const path = resolve(io.cwd, file);
  const write = options.write === true;
  const { entries, diff } = await pinFile({ path, shownAs: file, write }, hubOptions(context, settings), settings.op);
  for (const entry of entries) {
    if (entry.state === 'failed') output.failure(entry.error);
    else if (entry.state === 'unchanged') output.detail(`${file}:${entry.line}: ${entry.written}: ${entry.reason}`);
  }
  const pinned = entries.filter(({ state }) => state === 'pinned');
  const written = write && diff !== '';
  if (diff === '') output.note(`nothing to pin in ${file}`);
  else if (write) output.note(`pinned ${pinned.length} of ${entries.length} in ${file}`);
  else output.note('nothing was written; --write does it');
  const lines = diff === '' || write ? [] : diff.trimEnd().split('\n');
  await output.result({ file: path, written, plugins: entries.map(documentOf), diff }, lines);
}

function documentOf(entry: PinnedEntry): object {
  const place = { package: entry.written, line: entry.line, state: entry.state };
  if (entry.state === 'failed') return { ...place, error: failureFacts(entry.error) };
  if (entry.state === 'unchanged') return { ...place, reason: entry.reason };
  return { ...place, pinned: entry.package, digest: entry.digest, integrity: entry.integrity };
}
