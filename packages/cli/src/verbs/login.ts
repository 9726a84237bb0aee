import { recordTokenHost, userConfigFile } from '@gantry/core';
import { isGantryError, type LoginResult, login, logout, ociLimits } from '@gantry/oci';
import { environmentOf } from '../app/environment.ts';
import { type RegistryFlags, registrySettings } from '../app/registries.ts';
import { readSettings, type Settings } from '../app/settings.ts';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';
import { ask, readSecret } from '../prompt.ts';

/** Flags of `gantry login`. */
export interface LoginFlags extends RegistryFlags {
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

/** `gantry login <registry>`. JSON: {registry, verified, storedIn}. */
export async function loginVerb(context: Context, [registry]: readonly [string], flags: LoginFlags): Promise<void> {
  const settings = await readSettings(context, flags);
  const username = flags.username ?? (await ask(context.io, 'Username: ', { hint: 'give it with --username' }));
  const password =
    flags.passwordStdin === true
      ? await readSecret(context.io, ociLimits(settings.op, 'credentialFileBytes'))
      : await ask(context.io, 'Password: ', { secret: true, hint: 'pipe it into --password-stdin' });
  if (password === '')
    throw cliError('CONFIG_USAGE', 'the password is empty', { hint: 'pipe it into --password-stdin' });
  const result = await tryLogin(context, settings, flags, registry, { username, password });
  if (!result.verified) context.output.note(`${result.registry} lets everybody in, so the credential was not checked`);
  await context.output.result(result, [`logged in to ${result.registry}, kept in ${result.storedIn}`]);
}

/** `gantry logout <registry>`. JSON: {registry, removedFrom}. */
export async function logoutVerb(context: Context, [registry]: readonly [string]): Promise<void> {
  const removedFrom = await logout(registry, { environment: environmentOf(context.io) }, context.op);
  const lines = removedFrom.map((place) => `removed from ${place}`);
  await context.output.result({ registry, removedFrom }, lines.length > 0 ? lines : [`not logged in to ${registry}`]);
}

/** Logs in; when the registry's token service is on a host that is not trusted yet, the person at the terminal decides. */
async function tryLogin(
  context: Context,
  settings: Settings,
  flags: LoginFlags,
  registry: string,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<LoginResult> {
  const registries = registrySettings(context, settings, flags, [registry]);
  const environment = environmentOf(context.io);
  const credential = { kind: 'basic', username, password } as const;
  try {
    return await login(registry, credential, { registries, environment }, settings.op);
  } catch (error) {
    const tokenHost = refusedTokenHost(error);
    if (tokenHost === undefined || !context.io.interactive) throw error;
    if (!(await agrees(context, registry, tokenHost))) throw error;
    const { tokenHosts = [], ...rest } = registries[registry] ?? {};
    const trusting = { ...registries, [registry]: { ...rest, tokenHosts: [...tokenHosts, tokenHost] } };
    const result = await login(registry, credential, { registries: trusting, environment }, settings.op);
    const file = settings.configuration.file ?? userConfigFile(context.io.env);
    await recordTokenHost(file, result.registry, tokenHost, settings.op);
    context.output.note(`recorded in ${file}`);
    return result;
  }
}

function refusedTokenHost(error: unknown): string | undefined {
  if (!isGantryError(error) || error.code !== 'REGISTRY_REALM_REFUSED') return undefined;
  const { tokenHost } = error.details;
  return typeof tokenHost === 'string' ? tokenHost : undefined;
}

async function agrees({ io }: Context, registry: string, tokenHost: string): Promise<boolean> {
  const question = `${registry} has its token service on ${tokenHost}. Send the password there, now and later? [y/N] `;
  return /^y(?:es)?$/i.test((await ask(io, question, { hint: 'add the host to tokenHosts in gantry.yaml' })).trim());
}
