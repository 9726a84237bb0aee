import type { Environment } from '@gantry/oci';
import { readNpmConfiguration } from './npm-configuration.ts';
import { openNpmNetwork } from './npm-network.ts';
import type { NpmWorld } from './obtain-tarball.ts';

/** npm's settings and connections, read and opened by the first who wants them. Disposing closes connections. */
export interface LazyNpmWorld extends AsyncDisposable {
  /** Throws `CONFIG_NPM`. */
  open(): Promise<NpmWorld>;
}

/** The world of the npm that would run in `directory`. Its configuration is read once. `temporary`: see {@link openNpmNetwork}. */
export function lazyNpmWorld(directory: string, environment: Environment, temporary?: () => string): LazyNpmWorld {
  let world: Promise<NpmWorld> | undefined;
  return {
    open: () => {
      world ??= readNpmConfiguration(directory, environment).then((configuration) => ({
        configuration,
        network: openNpmNetwork(configuration, environment, temporary),
      }));
      return world;
    },
    [Symbol.asyncDispose]: async () => {
      const opened = await world?.catch(() => undefined);
      await opened?.network[Symbol.asyncDispose]();
    },
  };
}
