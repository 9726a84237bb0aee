import type { Gantry, InstallRequest, Plan, SetOutcome } from '@gantry/core';
import { formatPlatform, type Op } from '@gantry/oci';
import { type AcquireFlags, openGantryFor, platformAndConsent, requestFor } from '../app/open-gantry.ts';
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
}

/**
 * `gantry install [ref...]`: the references, or the plugins of gantry.yaml; all of them or, without `--keep-going`,
 * none. JSON: {plugins: [{name, reference, digest, kind, platform, verdict, path, entry}]}; with `--dry-run` {plugins:
 * [{name, reference, digest, kind, platform, verdict, size, action}]}.
 */
export async function install(
  context: Context,
  [refs]: readonly [readonly string[]],
  flags: InstallFlags,
): Promise<void> {
  const settings = await readSettings(context, flags);
  const requests = refs.length > 0 ? named(context, refs, flags) : declared(settings, flags);
  const sources = requests.map(({ source }) => source);
  await using gantry = openGantryFor(context, settings, flags, sources);
  if (flags.dryRun === true) await showPlans(context, gantry, requests, settings.op);
  else await installRequests(context, gantry, requests, flags, settings.op);
}

async function installRequests(
  context: Context,
  gantry: Gantry,
  requests: readonly InstallRequest[],
  flags: InstallFlags,
  op: Op,
): Promise<void> {
  const keepGoing = flags.keepGoing === true;
  const outcomes = await gantry.installAll(requests, { keepGoing }, op);
  const failures = outcomes.flatMap((outcome) => (outcome.state === 'failed' ? [outcome.error] : []));
  if (failures.length === 0 || keepGoing) {
    const plugins = outcomes.flatMap((outcome) =>
      'installed' in outcome ? [pluginDocument(outcome.installed.facts)] : [],
    );
    await context.output.result({ plugins }, outcomes.flatMap(outcomeLine));
  }
  for (const outcome of outcomes) {
    if (outcome.state === 'held back') {
      context.output.note(`${outcome.name} was not installed, because others failed; --keep-going installs it`);
    }
  }
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
}

async function showPlans(context: Context, gantry: Gantry, requests: readonly InstallRequest[], op: Op): Promise<void> {
  const plans: Plan[] = [];
  const failures: unknown[] = [];
  for (const request of requests) {
    try {
      plans.push(await gantry.plan(request, op));
    } catch (error) {
      failures.push(error);
    }
  }
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
  if (failures.length === 0) await context.output.result({ plugins }, lines);
  else throw failures.length === 1 ? failures[0] : new AggregateError(failures);
}

function actionOf({ action }: Plan): string {
  return action === 'unchanged' ? action : `would ${action}`;
}

function named(context: Context, refs: readonly string[], flags: InstallFlags): InstallRequest[] {
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

function declared(settings: Settings, flags: InstallFlags): InstallRequest[] {
  const { plugins } = settings.configuration;
  if (plugins.length === 0 || flags.name !== undefined) {
    const message =
      plugins.length === 0 ? 'nothing is named, and gantry.yaml has no plugins' : '--name needs a reference';
    throw cliError('CONFIG_USAGE', message, { hint: 'gantry install REFERENCE, or list plugins in gantry.yaml' });
  }
  return plugins.map(({ grants: _grants, config: _config, ...spec }) => ({
    ...spec,
    ...platformAndConsent(flags),
    ...(flags.replace === true && { replace: true }),
  }));
}

function outcomeLine(outcome: SetOutcome<InstallRequest>): string[] {
  if (!('installed' in outcome)) return [];
  const { name, kind, reference } = outcome.installed.facts;
  return [`${outcome.state} ${name} (${kind}) ${reference}`];
}
