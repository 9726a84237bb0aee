import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { listDynamicPlugins } from '@gantry/backstage';
import { environmentOf } from '../app/environment.ts';
import type { Context } from '../context.ts';
import { shortDigest, shortDigests } from '../output/quantity.ts';
import { tableLines } from '../output/table.ts';

/**
 * `gantry backstage list <root>`: what is installed there. JSON: {root, plugins: [{name, package, path, digest, integrity,
 * signer, installedAt}]}; what another installer left has no more than a name and a digest.
 */
export async function backstageList(context: Context, [root]: readonly [string]): Promise<void> {
  const { io, op } = context;
  const directory = resolve(io.cwd, root);
  const found = listDynamicPlugins({ root, directory: io.cwd, environment: environmentOf(io) }, op);
  const plugins = found.map(({ name, imageHash, state }) => ({
    name,
    package: state?.package ?? null,
    path: resolve(directory, name),
    digest: state?.digest ?? (imageHash === undefined ? null : `sha256:${imageHash}`),
    integrity: state?.integrity ?? null,
    signer: state?.signer ?? null,
    installedAt: state?.installedAt ?? null,
  }));
  const rows = plugins.map((plugin) => [
    plugin.name,
    plugin.digest === null ? (plugin.integrity?.slice(0, 15) ?? '-') : shortDigest(plugin.digest),
    plugin.signer === null ? '-' : shortDigests(plugin.signer),
    plugin.package ?? '(by another installer)',
  ]);
  if (rows.length === 0) {
    const why = existsSync(directory) ? '' : ': there is no such directory';
    context.output.note(`no plugin is installed in ${directory}${why}`);
  }
  const lines = rows.length === 0 ? [] : tableLines([['NAME', 'CONTENT', 'SIGNER', 'PACKAGE'], ...rows]);
  await context.output.result({ root: directory, plugins }, lines);
}
