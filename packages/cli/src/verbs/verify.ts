import { type Examination, examineReference, type Policy } from '@gantry/core';
import { GantryError, parsePlatform, repositoryName } from '@gantry/oci';
import { environmentOf } from '../app/environment.ts';
import type { RootFlags } from '../app/plugins.ts';
import { type RegistryFlags, referenceFrom, registriesOf, repositoryOf } from '../app/registries.ts';
import { asksOfSignatures, policyOfFlags, type RequirementFlags } from '../app/requirement-flags.ts';
import { readSettings } from '../app/settings.ts';
import { openTrustTools } from '../app/trust-tools.ts';
import { type SignaturesDocument, signatureRows, signaturesDocument } from '../app/verdict-documents.ts';
import { withoutProgress } from '../app/without-progress.ts';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';
import { shortDigest, shortDigests } from '../output/quantity.ts';
import { tableLines } from '../output/table.ts';
import { verifyInstalled } from './verify-installed.ts';

/** Flags of `gantry verify`. */
export interface VerifyOptions extends RegistryFlags, RootFlags, RequirementFlags {
  readonly platform?: string;
  /** True without a name. */
  readonly installed?: string | boolean;
}

/** What `gantry verify` prints, whether it accepts or refuses. */
interface VerifyDocument extends SignaturesDocument {
  readonly reference: string;
  readonly digest: string;
}

/**
 * `gantry verify <ref>`. JSON: {reference, digest, accepted, signed, policy, policyDigest, trustRootDigest, signers,
 * rejected, stale}, also when it refuses; the error then follows on stderr. Fails with `SIGNATURE_*` when evidence is
 * missing or bad, with `POLICY_*` when it is good and not accepted. With `--installed` see {@link verifyInstalled}.
 */
export async function verify(
  context: Context,
  [text]: readonly [string | undefined],
  options: VerifyOptions,
): Promise<void> {
  if (options.installed !== undefined) {
    checkInstalledFlags(options);
    return verifyInstalled(context, installedName(text, options), options);
  }
  if (text === undefined) {
    throw cliError('CONFIG_USAGE', 'verify wants a reference, or --installed', {
      hint: 'gantry verify --help shows an example of each',
    });
  }
  const examination = await examine(context, text, options);
  const document: VerifyDocument = {
    reference: examination.reference,
    digest: examination.root.digest,
    ...signaturesDocument(examination.verdict, examination.rejected),
    signed: examination.signed ?? null,
  };
  await context.output.result(document, document.accepted ? acceptedLines(document) : []);
  if (document.stale) context.output.note('the trust root is out of date: gantry trust update renews it');
  for (const { evidence, code, message } of document.rejected) {
    context.output.note(`does not count: ${shortDigest(evidence)}: ${shortDigests(message)} (${code})`);
  }
  if (examination.refusal !== undefined) throw withoutConsent(examination.refusal);
}

/** The usual advice is `--allow-unsigned`; here nothing is installed, and what is missing is who has to have signed. */
function withoutConsent(refusal: GantryError): GantryError {
  const { code, message, details, cause } = refusal;
  if (code !== 'POLICY_UNPINNED') return refusal;
  const hint =
    'say who has to have signed it: --key, or --certificate-identity and --certificate-oidc-issuer; or name a digest';
  return new GantryError(code, message, { meaning: '', hint }, { details, cause });
}

async function examine(context: Context, text: string, options: VerifyOptions): Promise<Examination> {
  const reference = referenceFrom(context, text);
  const settings = await readSettings(context, options);
  const op = withoutProgress(settings.op);
  const given = await policyOfFlags(context, options, repositoryName(reference), op);
  const policy: Policy = given ?? settings.configuration.policy;
  await using tools = openTrustTools(context, settings, options, registriesOf([reference]));
  await using repository = await repositoryOf(reference, tools.transport());
  return examineReference(
    {
      reference,
      repository,
      policy,
      now: environmentOf(context.io).now(),
      ...(options.platform !== undefined && { platform: parsePlatform(options.platform) }),
    },
    tools,
    op,
  );
}

function acceptedLines(document: VerifyDocument): string[] {
  return tableLines([
    ['reference', document.reference],
    ['verdict', document.signers.length === 0 ? 'accepted, and nobody has signed it' : 'accepted'],
    ...signatureRows(document),
  ]);
}

/** What was asked of a signature once would be forgotten at the next start, so flags do not ask. */
function checkInstalledFlags(options: VerifyOptions): void {
  if (!asksOfSignatures(options) && options.platform === undefined) return;
  throw cliError('CONFIG_USAGE', 'gantry.yaml decides about what is installed, and flags about signatures do not', {
    hint: 'name another configuration with --config',
  });
}

/** `--installed NAME` and `NAME --installed` mean the same. */
function installedName(text: string | undefined, { installed }: VerifyOptions): string | undefined {
  const name = typeof installed === 'string' ? installed : undefined;
  if (name === undefined || text === undefined) return name ?? text;
  throw cliError('CONFIG_USAGE', '--installed takes one name, and no reference', {
    hint: 'without a name everything installed is judged',
  });
}
