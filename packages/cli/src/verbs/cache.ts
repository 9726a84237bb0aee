import { coreError, coreLimits, type DiskStore, openStore } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { directories } from '../app/directories.ts';
import { type ConfigFlags, readSettings } from '../app/settings.ts';
import type { Context } from '../context.ts';
import { formatBytes, formatDuration } from '../output/quantity.ts';
import { tableLines } from '../output/table.ts';

/** `gantry cache ls`. JSON: {blobs, bytes, entries: [{digest, size, modified}]}. */
export async function cacheList(context: Context, _args: readonly [], flags: ConfigFlags): Promise<void> {
  const { store, op } = await openCache(context, flags);
  const entries: { readonly digest: string; readonly size: number; readonly modified: string }[] = [];
  for await (const { digest, size, modified } of store.list(op)) {
    entries.push({ digest, size, modified: new Date(modified).toISOString() });
  }
  const bytes = entries.reduce((sum, entry) => sum + entry.size, 0);
  const rows = entries.map((entry) => [entry.digest, formatBytes(entry.size), entry.modified]);
  const total = `${entries.length} blobs, ${formatBytes(bytes)} in ${store.directory}`;
  await context.output.result({ blobs: entries.length, bytes, entries }, [...tableLines(rows), total]);
}

/** `gantry cache verify`. JSON: {checked, damaged, quarantined}; fails with `CONTENT_INTEGRITY` when something was damaged. */
export async function cacheVerify(context: Context, _args: readonly [], flags: ConfigFlags): Promise<void> {
  const { store, op } = await openCache(context, flags);
  const found = await store.verify(op);
  const lines = [
    `checked ${found.checked} blobs`,
    ...found.damaged.map((digest) => `damaged ${digest}, now in ${found.quarantined}`),
  ];
  await context.output.result(found, lines);
  if (found.damaged.length === 0) return;
  throw coreError('CONTENT_INTEGRITY', `${found.damaged.length} of ${found.checked} blobs in the store were damaged`, {
    details: { damaged: found.damaged, quarantined: found.quarantined },
    hint: 'they were put aside and will be downloaded again when they are needed; check the disk',
  });
}

/** `gantry cache prune`. JSON: {removed, freed, kept}; `kept` are those too young to go. What is installed does not need the store. */
export async function cachePrune(context: Context, _args: readonly [], flags: ConfigFlags): Promise<void> {
  const { store, op } = await openCache(context, flags);
  const { removed, freed, young } = await store.prune(() => new Set(), op);
  const lines = [`removed ${removed} blobs, freed ${formatBytes(freed)}`];
  if (young > 0)
    lines.push(`kept ${young} used in the last ${formatDuration(coreLimits(op, 'blobAge'))} (limit blobAge)`);
  await context.output.result({ removed, freed, kept: young }, lines);
}

async function openCache(
  context: Context,
  flags: ConfigFlags,
): Promise<{ readonly store: DiskStore; readonly op: Op }> {
  const { op } = await readSettings(context, flags);
  return { store: openStore(directories(context.io).store), op };
}
