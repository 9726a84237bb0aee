import { lazyTrustRoots } from '@gantry/core';
import { isGantryError, openTransport } from '@gantry/oci';
import { directories } from '../app/directories.ts';
import { environmentOf } from '../app/environment.ts';
import { openPlugins, type Plugins, type RootFlags } from '../app/plugins.ts';
import type { RegistryFlags } from '../app/registries.ts';
import type { Context } from '../context.ts';
import { type Check, failed, ok } from '../doctor/check.ts';
import { checkLock } from '../doctor/lock-check.ts';
import { namedRegistries } from '../doctor/named-registries.ts';
import { checkNode, thisNode } from '../doctor/node-check.ts';
import { checkPlugins } from '../doctor/plugin-checks.ts';
import { checkRegistries } from '../doctor/registry-checks.ts';
import { checkStore } from '../doctor/store-check.ts';
import { checkTrustRoots } from '../doctor/trust-checks.ts';

/** Flags of `gantry doctor`. */
export interface DoctorFlags extends RegistryFlags, RootFlags {}

/** Something keeps Gantry from working. */
const PROBLEM = 1;

/**
 * `gantry doctor`: what is wrong here and what to do. Changes nothing. JSON: {checks: [{check, state, message, hint}]}.
 * The exit code is 1 when something is a problem; warnings do not count.
 */
export async function doctor(context: Context, _args: readonly [], flags: DoctorFlags): Promise<void> {
  const checks = [checkNode(thisNode()), ...(await configured(context, flags))];
  await context.output.result({ checks }, checks.flatMap(checkLines));
  if (checks.some(({ state }) => state === 'problem')) context.output.answer(PROBLEM);
}

async function configured(context: Context, flags: DoctorFlags): Promise<Check[]> {
  const { store, trust } = directories(context.io);
  let plugins: Plugins;
  try {
    plugins = await openPlugins(context, flags);
  } catch (error) {
    if (!isGantryError(error)) throw error;
    // What depends on it cannot be looked at.
    return [failed('configuration', error), ...(await checkStore(store, context.op))];
  }
  const { root, settings, op } = plugins;
  const environment = environmentOf(context.io);
  const named = namedRegistries(settings, await sourcesOf(plugins));
  // Only what is at hand is looked at: nobody is asked.
  const trustRoots = lazyTrustRoots({ directory: trust, transport: openTransport, environment, offline: true });
  const { file, policy } = settings.configuration;
  return [
    ok('configuration', file ?? 'no gantry.yaml; the defaults hold'),
    ...(await checkRegistries(context, settings, flags, named, environment)),
    ...(await checkTrustRoots(policy, trustRoots, environment, op)),
    ...(await checkStore(store, op)),
    ...(await checkPlugins(root, op)),
    ...(await checkLock(settings, root, op)),
  ];
}

/** The sources of what is declared and of what is installed. */
async function sourcesOf({ root, settings, op }: Plugins): Promise<string[]> {
  const declared = settings.configuration.plugins.map(({ source }) => source);
  // A root that cannot be read is a finding of its own.
  const rows = await root.list(op).catch(() => []);
  return [...declared, ...rows.flatMap(({ facts }) => facts?.reference ?? [])];
}

function checkLines({ check, state, message, hint }: Check): string[] {
  const line = `${state.padEnd('problem'.length)}  ${check}: ${message}`;
  return hint === null ? [line] : [line, `${' '.repeat('problem'.length)}  hint: ${hint}`];
}
