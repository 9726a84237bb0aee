import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type OpEvent, openTransport, type Transport } from '@gantry/oci';
import {
  fakeEnvironment,
  type SigstoreLab,
  sigstoreLab,
  type TufRepository,
  tempDir,
  tufRepository,
} from '@gantry/testkit';
import type { FileSystem } from '../../files/file-system.ts';
import { openTrustRoots } from './open-trust-roots.ts';
import type { KeptTrustRoots, TrustRootSource } from './trust-root.ts';

export const DAY = 86_400_000;
export const HOUR = 3_600_000;

/** A private TUF repository with the trust root of a lab, and a machine that may ask it. */
export interface TufWorld {
  readonly lab: SigstoreLab;
  readonly repository: TufRepository;
  readonly source: TrustRootSource;
  /** Where states are kept. */
  readonly directory: string;
  /** Milliseconds by which the machine's clock is off. */
  clock: number;
  /** Addresses that were connected to, as `host:port`. */
  readonly dialled: readonly string[];
  /** Warnings so far. */
  readonly warnings: readonly string[];
  readonly op: { readonly onEvent: (event: OpEvent) => void; readonly limits: Record<string, number> };
  /** A new process on the machine. */
  start(options?: { readonly offline?: boolean; readonly fileSystem?: FileSystem }): KeptTrustRoots;
}

/** Starts the repository and the machine. */
export async function tufWorld(t: TestContext): Promise<TufWorld> {
  const lab = sigstoreLab();
  const repository = await tufRepository(t, { targets: { 'trusted_root.json': JSON.stringify(lab.trustedRoot) } });
  const home = await tempDir(t);
  const directory = join(home, 'trust');
  const environment = fakeEnvironment();
  const warnings: string[] = [];
  const world: TufWorld = {
    lab,
    repository,
    source: { type: 'tuf', mirror: repository.url, root: await repository.rootFile(home) },
    directory,
    clock: 0,
    dialled: environment.dialled,
    warnings,
    op: {
      onEvent: (event) => void (event.type === 'warning' && warnings.push(event.message)),
      limits: { retries: 1 },
    },
    start: ({ offline = false, fileSystem } = {}) => {
      let transport: Transport | undefined;
      t.after(() => transport?.[Symbol.asyncDispose]());
      return openTrustRoots({
        directory,
        offline,
        transport: () => (transport ??= openTransport({ environment, offline })),
        environment: { now: () => Date.now() + world.clock },
        ...(fileSystem === undefined ? {} : { fileSystem }),
      });
    },
  };
  return world;
}
