import { type Gantry, type InstallRequest, installLocked, type Plan, planLocked, type SetOutcome } from '@gantry/core';
import { formatPlatform, type Op } from '@gantry/oci';
import { declaredRequests, lockFileOf } from '../app/declared-plugins.ts';
import { throwFailures } from '../app/failures.ts';
import { type AcquireFlags, openGantryFor, requestFor } from '../app/open-gantry.ts';
import { pluginDocument, verdictDocument } from '../app/plugin-documents.ts';
import { readSettings, type Settings } from '../app/settings.ts';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';
import { formatBytes } from '../output/quantity.ts';

/** Flags of `gantry install`. */
export interface InstallFlags extends AcquireFlags {
  readonly name?: string;
  readonly replace?: boolean;
  readonly keepGoing?: boolean;
  readonly dryRun?: boolean;
  readonly frozen?: boolean;
}

/** A plan, or why there is none. */
type Planned = Plan | { readonly error: unknown };

/**
 * `gantry install [ref...]`: the references, or the plugins of gantry.yaml with its lock; all of them or, without
 * `--keep-going`, none. JSON: {plugins: [{name, reference, digest, kind, platform, verdict, path, entry}]} and, without a
 * reference, lock: {file, changed}; with `--dry-run` {plugins: [{name, reference, digest, kind, platform, verdict, size,
 * action}]}.
 */
export async function install(
  context: Context,
  [refs]: readonly [readonly string[]],
  flags: InstallFlags,
): Promise<void> {
  const settings = await readSettings(context, flags);
  if (refs.length > 0) await installNamed(context, settings, refs, flags);
  else await installDeclared(context, settings, flags);
}

async function installNamed(
  context: Context,
  settings: Settings,
  refs: readonly string[],
  flags: InstallFlags,
): Promise<void> {
  const requests = namedRequests(context, refs, flags);
  await using gantry = openGantryFor(context, settings, flags, refs);
  if (flags.dryRun === true) {
    await showPlans(context, await plansOf(gantry, requests, settings.op));
  } else {
    const outcomes = await gantry.installAll(requests, { keepGoing: flags.keepGoing === true }, settings.op);
    await showOutcomes(context, outcomes, flags, {});
  }
}

async function installDeclared(context: Context, settings: Settings, flags: InstallFlags): Promise<void> {
  const lockFile = lockFileOf(settings);
  const requests = declaredRequests(settings, flags).map((request) => ({
    ...request,
    ...(flags.replace === true && { replace: true }),
  }));
  if (lockFile === undefined || requests.length === 0 || flags.name !== undefined) {
    const message =
      flags.name === undefined ? 'nothing is named, and gantry.yaml has no plugins' : '--name needs a reference';
    throw cliError('CONFIG_USAGE', message, { hint: 'gantry install REFERENCE, or list plugins in gantry.yaml' });
  }
  const sources = requests.map(({ source }) => source);
  await using gantry = openGantryFor(context, settings, flags, sources);
  const options = { lockFile, frozen: flags.frozen === true, keepGoing: flags.keepGoing === true };
  if (flags.dryRun === true) {
    await showPlans(context, await planLocked(gantry, requests, options, settings.op));
  } else {
    const { outcomes, changes } = await installLocked(gantry, requests, options, settings.op);
    const changed = changes.length > 0;
    await showOutcomes(context, outcomes, flags, { lock: { file: lockFile, changed } });
    if (changed) context.output.note(`wrote ${lockFile}`);
  }
}

async function showOutcomes(
  context: Context,
  outcomes: readonly SetOutcome<InstallRequest>[],
  flags: InstallFlags,
  more: { readonly lock?: { readonly file: string; readonly changed: boolean } },
): Promise<void> {
  const failures = outcomes.flatMap((outcome) => (outcome.state === 'failed' ? [outcome.error] : []));
  if (failures.length === 0 || flags.keepGoing === true) {
    const plugins = outcomes.flatMap((outcome) =>
      'installed' in outcome ? [pluginDocument(outcome.installed.facts)] : [],
    );
    await context.output.result({ plugins, ...more }, outcomes.flatMap(outcomeLine));
  }
  for (const outcome of outcomes) {
    if (outcome.state === 'held back') {
      context.output.note(`${outcome.name} was not installed, because others failed; --keep-going installs it`);
    }
  }
  throwFailures(failures);
}

async function plansOf(gantry: Gantry, requests: readonly InstallRequest[], op: Op): Promise<Planned[]> {
  const plans: Planned[] = [];
  for (const request of requests) {
    try {
      plans.push(await gantry.plan(request, op));
    } catch (error) {
      op.signal?.throwIfAborted();
      plans.push({ error });
    }
  }
  return plans;
}

async function showPlans(context: Context, planned: readonly Planned[]): Promise<void> {
  throwFailures(planned.flatMap((item) => ('error' in item ? [item.error] : [])));
  const plans = planned.flatMap((item) => ('error' in item ? [] : [item]));
  const plugins = plans.map((plan) => ({
    name: plan.name,
    reference: plan.reference,
    digest: plan.digest,
    kind: plan.kind ?? null,
    platform: plan.platform === undefined ? null : formatPlatform(plan.platform),
    verdict: verdictDocument(plan.verdict),
    size: plan.size,
    action: plan.action,
  }));
  const lines = plans.map((plan) => `${actionOf(plan)} ${plan.name} (${formatBytes(plan.size)}) ${plan.reference}`);
  await context.output.result({ plugins }, lines);
}

function actionOf({ action }: Plan): string {
  return action === 'unchanged' ? action : `would ${action}`;
}

function namedRequests(context: Context, refs: readonly string[], flags: InstallFlags): InstallRequest[] {
  if (flags.frozen === true) {
    throw cliError('CONFIG_USAGE', '--frozen is for the plugins of gantry.yaml, and a reference is named', {
      hint: 'name a digest in the reference instead, or leave out the reference',
    });
  }
  if (flags.name !== undefined && refs.length > 1) {
    throw cliError('CONFIG_USAGE', '--name is for one plugin, and several are named', {
      hint: 'install them one by one, or give them names in gantry.yaml',
    });
  }
  return refs.map((source) => ({
    ...requestFor(context, source, flags),
    ...(flags.name !== undefined && { name: flags.name }),
    ...(flags.replace === true && { replace: true }),
  }));
}

function outcomeLine(outcome: SetOutcome<InstallRequest>): string[] {
  if (!('installed' in outcome)) return [];
  const { name, kind, reference } = outcome.installed.facts;
  return [`${outcome.state} ${name} (${kind}) ${reference}`];
}
