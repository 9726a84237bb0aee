import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { coreError, type NodePackage, readNodePackage } from '@gantry/core';
import { escapeRemote, type Op } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { readManifest } from '../npm/package-manifest.ts';

/** What `rhdh-cli plugin export` writes a plugin into, inside the plugin's own directory. */
const EXPORTED = 'dist-dynamic';
const ROLE = /^(?:backend|frontend)-plugin(?:-module)?$/;

/** A dynamic plugin that was exported, and how it lies in an image. */
export interface ExportedPlugin extends NodePackage {
  /** Absolute path of what is packed. */
  readonly source: string;
  readonly name: string;
  readonly version: string;
  /** Absolute path of the directory that the plugin was exported from, as far as there is one. */
  readonly home: string;
}

/**
 * Reads the plugin at an absolute path: an exported one, or a directory with an exported one in `dist-dynamic`. Throws
 * `CONFIG_PATH_UNREADABLE` without a package.json, `CONFIG_INVALID` and `CONFIG_PACKAGE` for one that is none, whose
 * `backstage.role` is not that of a plugin, or whose `main` is missing.
 */
export async function readExportedPlugin(path: string, op?: Op): Promise<ExportedPlugin> {
  const inner = join(path, EXPORTED);
  const source = existsSync(join(inner, 'package.json')) ? inner : path;
  const found = readNodePackage(source);
  const { content } = await readManifest(source, source, op);
  const role = roleOf(content['backstage']);
  if (role === undefined || !ROLE.test(role)) {
    const given = role === undefined ? 'no backstage.role' : `the role ${escapeRemote(role, 60)}`;
    throw backstageError('CONFIG_PACKAGE', `${source}: package.json has ${given}, expected that of a plugin`, {
      details: { path: source, ...(role !== undefined && { role: escapeRemote(role, 60) }) },
      hint: 'name the directory of a plugin that was exported: backend-plugin, frontend-plugin or a module of one',
    });
  }
  requireMain(source, role, content['main']);
  const home = basename(source) === EXPORTED ? dirname(source) : source;
  return { ...found, source, home, name: String(content['name']), version: String(content['version']) };
}

/** Backstage passes over a package without `main`, and fails on one whose `main` is not there: that was never exported. */
function requireMain(source: string, role: string, main: unknown): void {
  const named = typeof main === 'string' && main !== '';
  const loads = role.startsWith('backend-');
  if (named && (!loads || existsSync(join(source, main)))) return;
  const found = named ? `${escapeRemote(main, 200)}, which is not there` : 'none';
  throw backstageError(
    'CONFIG_PACKAGE',
    `${source}: package.json has to name the file that is loaded as main, found ${found}`,
    {
      details: { path: source },
      hint: 'export the plugin first (rhdh-cli plugin export), and name its dist-dynamic',
    },
  );
}

/** Throws `CONFIG_INVALID` for no plugin at all, `CONFIG_PLUGIN_DUPLICATE` for two that have one directory in the image. */
export function requireDistinctPlugins(plugins: readonly ExportedPlugin[]): void {
  if (plugins.length === 0) throw coreError('CONFIG_INVALID', 'nothing is named that could be published');
  const taken = new Map<string, ExportedPlugin>();
  for (const plugin of plugins) {
    const other = taken.get(plugin.directory);
    taken.set(plugin.directory, plugin);
    if (other === undefined) continue;
    const message = `${other.source} and ${plugin.source} would both be ${plugin.directory} in the image`;
    throw backstageError('CONFIG_PLUGIN_DUPLICATE', message, {
      details: { directory: plugin.directory },
      hint: 'publish one of them, or each in an image of its own',
    });
  }
}

function roleOf(backstage: unknown): string | undefined {
  if (typeof backstage !== 'object' || backstage === null) return undefined;
  const { role } = backstage as { readonly role?: unknown };
  return typeof role === 'string' ? role : undefined;
}
