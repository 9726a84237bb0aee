import { type KeptTrustRoots, lazyTrustRoots } from '@gantry/core';
import { openRepository, openTransport, parseReference, type Repository, type Transport } from '@gantry/oci';
import type { Context } from '../context.ts';
import { directories } from './directories.ts';
import { environmentOf } from './environment.ts';
import { type RegistryFlags, registrySettings, transportFor } from './registries.ts';
import type { Settings } from './settings.ts';

/** What judging signatures asks the outside world with. */
export interface TrustTools extends AsyncDisposable {
  readonly trustRoots: KeptTrustRoots;
  /** For registries and for services that sign; opened by the first call. */
  transport(): Transport;
  /** The repository of a name, `host/repository`. */
  openRepository(name: string): Promise<Repository>;
}

/** Opens them for an operation that names `registries`. Nothing is read or connected before it is needed. */
export function openTrustTools(
  context: Context,
  settings: Settings,
  flags: RegistryFlags,
  registries: readonly string[],
): TrustTools {
  const environment = environmentOf(context.io);
  const offline = flags.offline === true;
  const opened: Transport[] = [];
  const once = (open: () => Transport): (() => Transport) => {
    let transport: Transport | undefined;
    return () => {
      if (transport === undefined) {
        transport = open();
        opened.push(transport);
      }
      return transport;
    };
  };
  const transport = once(() => transportFor(context, settings, flags, registries));
  return {
    trustRoots: lazyTrustRoots({
      directory: directories(context.io).trust,
      // No credential belongs to a TUF repository.
      transport: once(() =>
        openTransport({ registries: registrySettings(context, settings, flags, registries), offline, environment }),
      ),
      environment,
      offline,
    }),
    transport,
    openRepository: async (name) => openRepository(parseReference(name), transport()),
    [Symbol.asyncDispose]: async () => {
      for (const one of opened) await one[Symbol.asyncDispose]();
    },
  };
}
