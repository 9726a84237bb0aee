import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResolvedPlugin } from '@gantry/core';
import { copyGraph, formatReference, openLayout, parseReference } from '@gantry/oci';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';
import { openOne } from './open-one.ts';
import type { RegistryFlags } from './registries.ts';

/**
 * Copies what was verified, by its digest, into an OCI layout in `directory`, which is made when it is absent or empty.
 * On failure the directory is as it was, but for blobs that nothing names in a layout that was there before.
 */
export async function pullLayout(
  context: Context,
  plugin: ResolvedPlugin,
  directory: string,
  flags: RegistryFlags,
): Promise<void> {
  const { type, reference } = asReference(plugin);
  if (type === 'other') {
    throw cliError('CONFIG_USAGE', `${reference}: only what is in a registry or layout can become a layout`, {
      hint: 'publish it into one: gantry push oci-layout:DIR:TAG PATH',
    });
  }
  await using source = await openOne(context, reference, flags);
  const before = await namesIn(directory);
  try {
    await using target = await openLayout(directory, { create: true }, source.op);
    const { tag } = source.reference;
    await copyGraph(source.repository, target, plugin.root, tag === undefined ? {} : { tag }, source.op);
  } catch (error) {
    if (before === undefined) await rm(directory, { recursive: true, force: true });
    else if (before.length === 0) await empty(directory);
    throw error;
  }
}

function asReference(plugin: ResolvedPlugin): { readonly type: 'reference' | 'other'; readonly reference: string } {
  const { reference } = plugin;
  if (/^(?:file:|https:)/.test(plugin.scopeName)) return { type: 'other', reference };
  const { path: _path, ...named } = parseReference(reference);
  return { type: 'reference', reference: formatReference(named) };
}

/** Undefined when there is no such directory. */
async function namesIn(directory: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function empty(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true, force: true });
}
