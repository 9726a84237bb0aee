import type { Policy } from '@gantry/core';
import { digestHex, type Environment, isDigest, isGantryError, type Op } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';
import { shown, withoutSecrets } from '../config/config-fault.ts';
import type { DynamicRoot } from '../root/open-root.ts';
import type { PluginState } from '../root/plugin-state.ts';
import type { Decision } from './decide-plugin.ts';
import type { InstallSettings } from './install-settings.ts';
import type { LogSink } from './log-sink.ts';
import type { Packages } from './open-packages.ts';
import { settleParallel } from './settle-parallel.ts';
import type { StagedPlugin } from './staged-plugin.ts';
import { checkPackageTrust } from './trust-rules.ts';

/** How installing one plugin ended. */
export type Installation =
  | { readonly staged: StagedPlugin; readonly seconds: number }
  | { readonly error: unknown; readonly seconds: number };

/** What plugins are installed with. */
export interface InstallationContext {
  readonly root: DynamicRoot;
  readonly packages: Packages;
  readonly variables: Pick<InstallSettings, 'imageWorkers' | 'npmWorkers'>;
  /** The directories of the plugins of images whose entries name none. */
  readonly paths: ReadonlyMap<string, readonly string[]>;
  /** Directories of the root that are taken, with the package that has each. */
  readonly taken: Map<string, string>;
  readonly environment: Environment;
  readonly policy: Policy;
  readonly log: LogSink;
}

/**
 * Fetches, checks and publishes plugins, each as soon as it is whole. One that fails does not keep the others. Throws only
 * the reason of an interruption, and `INSTALL_LOCK_LOST`, when everything that was started has ended.
 */
export async function carryOut(
  decisions: readonly Decision[],
  context: InstallationContext,
  outer?: Op,
): Promise<ReadonlyMap<Decision, Installation>> {
  const lost = new AbortController();
  const signals = outer?.signal === undefined ? [lost.signal] : [outer.signal, lost.signal];
  const op: Op = { ...outer, signal: AbortSignal.any(signals) };
  const results = new Map<Decision, Installation>();
  const { imageWorkers, npmWorkers } = context.variables;
  const images = Map.groupBy(decisions, ({ entry }) => (entry.source.type === 'oci' ? entry.source.image : ''));
  const others = images.get('') ?? [];
  images.delete('');
  const started = context.environment.monotonic();
  const clock = (): number => (context.environment.monotonic() - started) / 1000;
  if (images.size > 0) await announce(images, context, op);
  await Promise.all([
    settleParallel([...images], imageWorkers, ([image, some]) => one(some, () => stageImage(image, some)), op.signal),
    settleParallel(others, npmWorkers, (decision) => one([decision], () => stageOther(decision)), op.signal),
  ]);
  return results;

  /** Stages some plugins together, and publishes each. */
  async function one(
    some: readonly Decision[],
    stage: () => Promise<(decision: Decision) => StagedPlugin>,
  ): Promise<void> {
    const begin = clock();
    for (const { entry } of some) context.log.line(`\n======= Installing dynamic plugin ${shown(entry.package)}`);
    let stagedOf: (decision: Decision) => StagedPlugin;
    try {
      stagedOf = await stage();
    } catch (error) {
      endWhenDeposed(error);
      for (const decision of some) results.set(decision, { error, seconds: clock() - begin });
      return;
    }
    // Together, so that one sync of the file system serves them all.
    const published = await Promise.allSettled(
      some.map(async (decision) => {
        try {
          const staged = stagedOf(decision);
          await publish(decision, staged, context, op);
          results.set(decision, { staged, seconds: clock() - begin });
        } catch (error) {
          endWhenDeposed(error);
          results.set(decision, { error, seconds: clock() - begin });
        }
      }),
    );
    for (const outcome of published) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /**
   * Throws why everything ends, if it does. Whoever deposes a run takes its staging away, so that whatever fails may mean
   * just that; and nothing that is prepared then can be published any more.
   */
  function endWhenDeposed(error: unknown): void {
    const reason = isLost(error) ? error : failureOf(() => context.root.staging());
    if (isLost(reason)) lost.abort(reason);
    op.signal?.throwIfAborted();
  }

  async function stageImage(image: string, some: readonly Decision[]): Promise<(decision: Decision) => StagedPlugin> {
    const opened = await context.packages.images(op);
    const staged = await opened.stage(image, some.map(pathOf), context.root.staging(), op);
    return (decision) => {
      const result = staged.get(pathOf(decision));
      if (result === undefined || result instanceof Error) throw result;
      return result;
    };
  }

  async function stageOther({ entry }: Decision): Promise<() => StagedPlugin> {
    const provenOnly = checkPackageTrust(entry, context.policy);
    const opened = await context.packages.npm();
    if (entry.source.type === 'npm') await context.packages.contact(op);
    const staged = await opened.stage(entry, context.root.staging(), op, { provenOnly });
    return () => staged;
  }
}

function isLost(error: unknown): boolean {
  return isGantryError(error) && error.code === 'INSTALL_LOCK_LOST';
}

function failureOf(step: () => unknown): unknown {
  try {
    step();
    return undefined;
  } catch (error) {
    return error;
  }
}

async function announce(
  images: ReadonlyMap<string, readonly Decision[]>,
  { packages, root }: InstallationContext,
  op?: Op,
): Promise<void> {
  const wanted = new Map([...images].map(([image, some]) => [image, some.map(pathOf)]));
  (await packages.images(op)).announce(wanted, root.staging(), op);
}

async function publish(decision: Decision, staged: StagedPlugin, context: InstallationContext, op?: Op): Promise<void> {
  const { entry, configHash } = decision;
  const { taken, root, log } = context;
  const owner = taken.get(staged.name);
  if (owner !== undefined) {
    throw backstageError(
      'CONFIG_PLUGIN_DUPLICATE',
      `${shown(entry.package)} would be installed into the directory ${shown(staged.name)}, which is that of ${shown(owner)}`,
    );
  }
  taken.set(staged.name, entry.package);
  const { digest } = staged;
  const imageHash = digest !== undefined && isDigest(digest) ? digestHex(digest) : undefined;
  const state = stateOf(decision, staged, context);
  await root.publish(staged, { configHash, state, ...(imageHash !== undefined && { imageHash }) }, op);
  log.line(`\t==> Successfully installed dynamic plugin ${shown(entry.package)}`);
}

function stateOf(
  { entry, record, fingerprint, rules }: Decision,
  { digest, integrity, signer }: StagedPlugin,
  { paths, environment }: InstallationContext,
): PluginState {
  const image = entry.source.type === 'oci' ? entry.source.image : undefined;
  return {
    schemaVersion: 1,
    package: withoutSecrets(entry.package),
    image,
    digest,
    paths: image === undefined ? undefined : paths.get(image),
    integrity,
    record,
    fingerprint,
    signer,
    policy: rules,
    installedAt: new Date(environment.now()).toISOString(),
  };
}

function pathOf({ entry }: Decision): string {
  return entry.source.type === 'oci' ? entry.source.path : '';
}
