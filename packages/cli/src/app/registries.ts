import { resolve } from 'node:path';
import { isPath } from '@gantry/core';
import {
  dockerCredentials,
  ociError,
  openLayout,
  openRepository,
  openTransport,
  parseReference,
  type Reference,
  type RegistrySettings,
  type Repository,
  type Transport,
} from '@gantry/oci';
import type { Context } from '../context.ts';
import { environmentOf } from './environment.ts';
import type { ConfigFlags, Settings } from './settings.ts';

/** Flags of verbs that ask registries. */
export interface RegistryFlags extends ConfigFlags {
  readonly offline?: boolean;
  readonly plainHttp?: boolean;
  readonly caFile?: string;
}

/**
 * A reference as the user wrote it, with a layout's directory made absolute. Throws `REFERENCE_INVALID`, and
 * `REFERENCE_UNSUPPORTED` for the path of a file or directory.
 */
export function referenceFrom(context: Context, text: string): Reference {
  if (isPath(text)) {
    throw ociError('REFERENCE_UNSUPPORTED', `${text} is a path, and this needs a reference`, {
      hint: `oci-layout:DIR:TAG names what is in a layout on disk, HOST/REPOSITORY:TAG what is in a registry`,
    });
  }
  const reference = parseReference(text);
  return reference.kind === 'layout'
    ? { ...reference, directory: resolve(context.io.cwd, reference.directory) }
    : reference;
}

/** The registries among some references, as `host[:port]`. */
export function registriesOf(references: readonly Reference[]): string[] {
  return references.flatMap((reference) => (reference.kind === 'registry' ? [reference.registry] : []));
}

/**
 * The settings of all registries, with `--plain-http` and `--ca-file` for those that the operation names, given as
 * `host[:port]`.
 */
export function registrySettings(
  { io }: Context,
  settings: Settings,
  flags: RegistryFlags,
  registries: readonly string[],
): Readonly<Record<string, RegistrySettings>> {
  const configured = settings.configuration.registries;
  const fromFlags: RegistrySettings = {
    ...(flags.plainHttp === true && { plainHttp: true }),
    ...(flags.caFile !== undefined && { caFile: resolve(io.cwd, flags.caFile) }),
  };
  const named = registries.map((name) => [name, { ...configured[name], ...fromFlags }]);
  return { ...configured, ...Object.fromEntries(named) };
}

/** Opens the transport for an operation that names `registries`. */
export function transportFor(
  context: Context,
  settings: Settings,
  flags: RegistryFlags,
  registries: readonly string[],
): Transport {
  const environment = environmentOf(context.io);
  return openTransport({
    registries: registrySettings(context, settings, flags, registries),
    credentials: dockerCredentials(environment),
    offline: flags.offline === true,
    environment,
  });
}

/** Opens the repository of a reference: in a registry or in a layout on disk, which `create` makes when absent. */
export function repositoryOf(
  reference: Reference,
  transport: Transport,
  { create = false }: { readonly create?: boolean } = {},
): Promise<Repository> | Repository {
  return reference.kind === 'layout'
    ? openLayout(reference.directory, { create })
    : openRepository(reference, transport);
}
