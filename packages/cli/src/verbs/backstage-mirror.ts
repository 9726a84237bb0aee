import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadPublishing, type MirroredPackage } from '@gantry/backstage';
import { errorCode, installFault, isPath } from '@gantry/core';
import { openRepository } from '@gantry/oci';
import { hubOptions } from '../app/hub-options.ts';
import { type RegistryFlags, transportFor } from '../app/registries.ts';
import { readSettings } from '../app/settings.ts';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';
import { failureFacts } from '../output/failure.ts';
import { formatBytes } from '../output/quantity.ts';

/** Flags of `gantry backstage mirror`. */
export interface MirrorOptions extends RegistryFlags {
  readonly toDir?: string;
  readonly fromDir?: string;
  readonly registriesConf: string;
}

/** `gantry backstage mirror --to-dir DIR`, or `--from-dir DIR <registry[/prefix]>`. */
export async function backstageMirror(
  context: Context,
  [registry]: readonly [string | undefined],
  options: MirrorOptions,
): Promise<void> {
  const { toDir, fromDir } = options;
  if (toDir !== undefined && fromDir === undefined && registry === undefined) {
    return toDirectory(context, toDir, options);
  }
  if (fromDir !== undefined && toDir === undefined && registry !== undefined) {
    return toRegistry(context, fromDir, registry, options);
  }
  throw cliError('CONFIG_USAGE', 'mirror wants --to-dir DIR, or --from-dir DIR and a registry', {
    hint: 'gantry backstage mirror --help shows an example of each',
  });
}

/**
 * JSON: {directory, images: [{image, digest}], packages: [{package, resolved, file, integrity}], local: [directories], failed:
 * [{package, error}], requests, bytes}.
 */
async function toDirectory(context: Context, named: string, options: MirrorOptions): Promise<void> {
  const { io, output } = context;
  const settings = await readSettings(context, options);
  const directory = resolve(io.cwd, named);
  const { mirrorToDirectory } = await loadPublishing();
  const found = await mirrorToDirectory(directory, hubOptions(context, settings), settings.op);
  const { images, packages, local, failures, requests, bytes } = found;
  for (const { error } of failures) output.failure(error);
  if (local.length > 0) output.note(`local packages go with the configuration: ${local.join(', ')}`);
  output.note(`images: ${images.length}, packages: ${packages.length}, ${formatBytes(bytes)} in ${requests} requests`);
  const failed = failures.map((failure) => ({ package: failure.package, error: failureFacts(failure.error) }));
  await output.result({ directory, images, packages, local, failed, requests, bytes }, [
    ...images.map(({ image, digest }) => `${image} ${digest}`),
    ...packages.map(({ package: name, file }) => `${name} ${file}`),
  ]);
}

/** JSON: {registry, images: [{image, digest, mirrored}], packages: [{package, resolved, file, integrity}], registriesConf: path}. */
async function toRegistry(context: Context, named: string, registry: string, options: MirrorOptions): Promise<void> {
  const { io, output } = context;
  const settings = await readSettings(context, options);
  const { mirrorPlace, mirrorToRegistry, REGISTRIES_CONF_MARK } = await loadPublishing();
  const place = mirrorPlace(registry, settings.op);
  const file = resolve(io.cwd, options.registriesConf);
  await refuseForeign(file, REGISTRIES_CONF_MARK);
  const directory = resolve(io.cwd, named);
  await using transport = transportFor(context, settings, options, [place.registry]);
  const insecure = transport.baseUrl(place.registry).protocol === 'http:';
  const pushed = await mirrorToRegistry(
    directory,
    { place, insecure, openRepository: (reference) => openRepository(reference, transport) },
    settings.op,
  );
  const { images, packages, registriesConf } = pushed;
  await writeFile(file, registriesConf).catch((error: unknown) => {
    throw installFault(error, `write ${file}`);
  });
  output.note(
    `wrote ${file}: installers read it with CONTAINERS_REGISTRIES_CONF=${file}, or in /etc/containers/registries.conf.d`,
  );
  for (const line of adviceFor(packages, named)) output.note(line);
  await output.result(
    { registry, images, packages, registriesConf: file },
    images.map(({ mirrored }) => mirrored),
  );
}

/** What to do with packages that no registry of images takes. */
function adviceFor(packages: readonly MirroredPackage[], directory: string): readonly string[] {
  if (packages.length === 0) return [];
  const base = isPath(directory) ? directory : `./${directory}`;
  const ofRegistries = packages.filter(({ package: name }) => !/^https?:/.test(name));
  const ofUrls = packages.filter(({ package: name }) => /^https?:/.test(name));
  return [
    ...(ofRegistries.length === 0
      ? []
      : ['packages of npm registries: publish them in yours, and name it in .npmrc; their integrity stays']),
    ...ofRegistries.map(({ file }) => `  npm publish ${base}/${file}`),
    ...(ofUrls.length === 0
      ? []
      : ['tarballs: serve them under an URL of yours, and write it in dynamic-plugins.yaml; their integrity stays']),
    ...ofUrls.map(({ package: name, file }) => `  ${base}/${file} instead of ${name}`),
  ];
}

/** Throws `CONFIG_USAGE` for a file that somebody else wrote: it is not replaced. */
async function refuseForeign(file: string, mark: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    return '';
  });
  if (text === undefined || text.startsWith(mark)) return;
  throw cliError('CONFIG_USAGE', `${file} is there, and was not written by this command`, {
    hint: 'name another file with --registries-conf',
  });
}
