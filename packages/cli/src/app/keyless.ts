import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  fetchSigningConfig,
  findIdentityToken,
  type LoadedTrustRoot,
  openKeylessSigner,
  readSigningConfig,
  type Signer,
  type Witnesses,
} from '@gantry/core';
import type { Op } from '@gantry/oci';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';
import { environmentOf } from './environment.ts';
import type { TrustTools } from './trust-tools.ts';

/** Flags about the services that take part in signing. */
export interface ServiceFlags {
  readonly identityToken?: string;
  readonly signingConfig?: string;
  readonly trustedRoot?: string;
}

/** What {@link openServices} found. */
export interface Services {
  readonly witnesses: Witnesses;
  /** What the services are checked with before anything is published; undefined when nothing was named for private ones. */
  readonly trustRoot: LoadedTrustRoot | undefined;
}

/** The services of `--signing-config`, else the public ones, with their trust root. */
export async function openServices({ io }: Context, flags: ServiceFlags, tools: TrustTools, op: Op): Promise<Services> {
  const { signingConfig, trustedRoot } = flags;
  const config =
    signingConfig === undefined
      ? await fetchSigningConfig(tools.trustRoots, { type: 'public' }, op)
      : await readSigningConfig(resolve(io.cwd, signingConfig), op);
  const witnesses = { config, transport: tools.transport() };
  if (trustedRoot !== undefined) {
    const source = { type: 'file', path: resolve(io.cwd, trustedRoot) } as const;
    return { witnesses, trustRoot: await tools.trustRoots.load(source, op) };
  }
  const trustRoot = signingConfig === undefined ? await tools.trustRoots.load({ type: 'public' }, op) : undefined;
  return { witnesses, trustRoot };
}

/**
 * A signer by identity token, the flag's, `SIGSTORE_ID_TOKEN`, or that of GitHub Actions, with its services. The token comes
 * first: who forgot `--key` has none, and hears of that and not of a service.
 */
export async function openKeyless(
  context: Context,
  flags: ServiceFlags,
  tools: TrustTools,
  op: Op,
): Promise<Services & { readonly signer: Signer }> {
  const { identityToken } = flags;
  const given = identityToken === undefined ? undefined : await tokenText(context, identityToken);
  const token = await findIdentityToken(given, environmentOf(context.io), tools.transport, op);
  const services = await openServices(context, flags, tools, op);
  return { ...services, signer: await openKeylessSigner({ token, ...services.witnesses }, op) };
}

/** A token, or `@FILE` that holds one. */
async function tokenText({ io }: Context, text: string): Promise<string> {
  if (!text.startsWith('@')) return text;
  const file = resolve(io.cwd, text.slice(1));
  try {
    return await readFile(file, { encoding: 'utf8', signal: io.signal });
  } catch (cause) {
    if (io.signal.aborted) throw io.signal.reason;
    const { code = 'failed' } = cause as NodeJS.ErrnoException;
    throw cliError('CONFIG_INPUT_UNREADABLE', `${file}: cannot be read (${code})`, { cause, details: { file } });
  }
}
