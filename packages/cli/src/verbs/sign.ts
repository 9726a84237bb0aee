import { type Signer, type SignOptions, signArtifact, type WrittenSignature } from '@gantry/core';
import { formatReference, type Op } from '@gantry/oci';
import { environmentOf } from '../app/environment.ts';
import { openKeyFile } from '../app/key-file.ts';
import { openKeyless, openServices, type ServiceFlags } from '../app/keyless.ts';
import { type RegistryFlags, referenceFrom, registriesOf, repositoryOf } from '../app/registries.ts';
import { readSettings } from '../app/settings.ts';
import { openTrustTools, type TrustTools } from '../app/trust-tools.ts';
import { withoutProgress } from '../app/without-progress.ts';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';

/** Flags of `gantry sign`. */
export interface SignVerbOptions extends RegistryFlags, ServiceFlags {
  readonly key?: string;
  readonly format: NonNullable<SignOptions['format']>;
  readonly recursive?: boolean;
  readonly annotation?: Readonly<Record<string, string>>;
}

/**
 * `gantry sign <ref>`, by the digest that the reference names now. JSON: {reference, digest, signatures: [{format, digest,
 * manifest, signer, logIndex?, timestamp?, existing?}]}.
 */
export async function sign(context: Context, [text]: readonly [string], options: SignVerbOptions): Promise<void> {
  checkFlags(options);
  const reference = referenceFrom(context, text);
  const settings = await readSettings(context, options);
  const op = withoutProgress(settings.op);
  await using tools = openTrustTools(context, settings, options, registriesOf([reference]));
  await using repository = await repositoryOf(reference, tools.transport());
  const signing = await openSigning(context, options, tools, op);
  const root = await repository.resolve(reference, op);
  if (reference.digest === undefined) {
    const message = `a tag can move; signed is what it names now, ${root.digest}`;
    context.output.onEvent({ type: 'warning', from: text, message });
  }
  const signatures = await signArtifact(
    repository,
    root,
    {
      ...signing,
      format: options.format,
      recursive: options.recursive === true,
      now: environmentOf(context.io).now,
      ...(options.annotation !== undefined && { claims: options.annotation }),
    },
    op,
  );
  for (const signature of signatures) context.output.note(signatureLine(signature));
  const named = formatReference({ ...reference, digest: root.digest });
  await context.output.result({ reference: named, digest: root.digest, signatures }, [named]);
}

/** A flag that would do nothing is a mistake. */
function checkFlags({ key, identityToken, signingConfig, trustedRoot }: SignVerbOptions): void {
  if (key !== undefined && identityToken !== undefined) {
    throw cliError('CONFIG_USAGE', '--key and --identity-token are given, and one of them signs', {
      hint: 'gantry sign --help explains them',
    });
  }
  if (key !== undefined && trustedRoot !== undefined && signingConfig === undefined) {
    throw cliError('CONFIG_USAGE', '--trusted-root is about services, and with --key alone there are none', {
      hint: 'name them with --signing-config, or leave --trusted-root out',
    });
  }
}

/** A key needs nobody else; services take part when they are named. */
async function openSigning(
  context: Context,
  options: SignVerbOptions,
  tools: TrustTools,
  op: Op,
): Promise<Pick<SignOptions, 'witnesses' | 'trustRoot'> & { readonly signer: Signer }> {
  const { key } = options;
  if (key !== undefined && options.signingConfig === undefined) return { signer: await openKeyFile(context, key, op) };
  const { signer, witnesses, trustRoot } =
    key === undefined
      ? await openKeyless(context, options, tools, op)
      : { ...(await openServices(context, options, tools, op)), signer: await openKeyFile(context, key, op) };
  return { signer, witnesses, ...(trustRoot !== undefined && { trustRoot }) };
}

function signatureLine({ digest, format, signer, logIndex, timestamp, existing }: WrittenSignature): string {
  if (existing === true) return `${digest} has this signature by ${signer} already (${format})`;
  const log = logIndex === undefined ? '' : `, log entry ${logIndex}`;
  const time = timestamp === undefined ? '' : `, at ${timestamp}`;
  return `${digest} signed by ${signer} (${format}${log}${time})`;
}
