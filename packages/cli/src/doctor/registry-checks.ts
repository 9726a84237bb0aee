import { coreLimits } from '@gantry/core';
import {
  dockerCredentials,
  type Environment,
  isGantryError,
  type Op,
  openTransport,
  type Transport,
} from '@gantry/oci';
import { type RegistryFlags, registrySettings } from '../app/registries.ts';
import type { Settings } from '../app/settings.ts';
import type { Context } from '../context.ts';
import { formatDuration } from '../output/quantity.ts';
import { type Check, failed, ok } from './check.ts';
import type { NamedRegistries } from './named-registries.ts';

/** One registry that was asked. */
interface Asked {
  readonly finding: Check;
  /** How far the registry's clock is ahead of ours, in milliseconds; undefined when it did not tell. */
  readonly ahead?: number;
}

/** Asks each registry for `/v2/` with the credential that is configured for it, and compares its clock with ours. */
export async function checkRegistries(
  context: Context,
  settings: Settings,
  flags: RegistryFlags,
  { registries, mirrors }: NamedRegistries,
  environment: Environment,
): Promise<Check[]> {
  if (registries.length === 0) return [ok('registry', 'no registry is named'), noClock()];
  // One attempt tells enough.
  const op = { ...settings.op, limits: { ...settings.op.limits, retries: 1 } };
  const configured = registrySettings(context, settings, flags, registries);
  const ask = (registry: string, isMirror: boolean): Promise<Asked> =>
    askRegistry(registry, isMirror, { registries: configured, offline: flags.offline === true, environment }, op);
  const asked = await Promise.all([
    ...registries.map((registry) => ask(registry, false)),
    ...mirrors.map((registry) => ask(registry, true)),
  ]);
  op.signal?.throwIfAborted();
  return [
    ...asked.map(({ finding }) => finding),
    checkClock(
      asked.flatMap(({ ahead }) => ahead ?? []),
      op,
    ),
  ];
}

type AskOptions = Pick<Parameters<typeof openTransport>[0] & object, 'registries' | 'offline'> & {
  readonly environment: Environment;
};

async function askRegistry(registry: string, isMirror: boolean, options: AskOptions, op: Op): Promise<Asked> {
  const found = dockerCredentials(options.environment);
  let known = false;
  const credentials = {
    credentialFor: async (...args: Parameters<typeof found.credentialFor>) => {
      const credential = await found.credentialFor(...args);
      known ||= credential !== undefined;
      return credential;
    },
  };
  const transport = openTransport({ ...options, credentials });
  const name = isMirror ? `${registry} (mirror)` : registry;
  try {
    const ahead = await clockOf(transport, registry, options.environment, op);
    const finding = ok('registry', `${name} answers, ${known ? 'and accepts the credential' : 'without a credential'}`);
    return { finding, ...(ahead !== undefined && { ahead }) };
  } catch (error) {
    if (!isGantryError(error)) throw error;
    // What a mirror does not have is asked of the registry.
    const mild = isMirror || error.code === 'REGISTRY_OFFLINE';
    return { finding: failed('registry', error, name, mild ? 'warning' : 'problem') };
  } finally {
    await transport[Symbol.asyncDispose]();
  }
}

async function clockOf(
  transport: Transport,
  registry: string,
  environment: Environment,
  op: Op,
): Promise<number | undefined> {
  const url = new URL('/v2/', transport.baseUrl(registry));
  const before = environment.now();
  const answer = await transport.request({ method: 'GET', url, registry, access: [], accept: [200] }, op);
  const after = environment.now();
  await answer.discard();
  const date = Date.parse(answer.header('date') ?? '');
  // The header has whole seconds: it may say up to one less than it was.
  return Number.isNaN(date) ? undefined : date + 500 - (before + after) / 2;
}

/** What most registries say: the clock of one alone may be wrong itself. */
function checkClock(differences: readonly number[], op: Op): Check {
  const sorted = differences.toSorted((a, b) => a - b);
  const ahead = sorted[Math.floor(sorted.length / 2)];
  if (ahead === undefined) return noClock();
  const tolerated = coreLimits(op, 'clockSkew');
  const skew = Math.abs(ahead);
  const direction = ahead > 0 ? 'behind' : 'ahead of';
  if (skew < 1000) return ok('clock', 'agrees with the registries to the second');
  const message = `${formatDuration(skew)} ${direction} the registries`;
  if (skew <= tolerated) return ok('clock', message);
  return {
    check: 'clock',
    state: 'problem',
    message: `${message}; ${formatDuration(tolerated)} are tolerated (limit clockSkew)`,
    hint: 'set the clock of this machine, by NTP say: certificates and signing times are compared with it',
  };
}

function noClock(): Check {
  return {
    check: 'clock',
    state: 'warning',
    message: 'not compared: no registry told the time',
    hint: 'compare it with another clock; certificates and signing times are judged by it',
  };
}
