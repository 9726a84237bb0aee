import { resolve } from 'node:path';
import {
  completeRequirement,
  type IdentityRule,
  type Policy,
  type RequirementParts,
  readPolicyKey,
  type TextRule,
} from '@gantry/core';
import { isGantryError, type Op } from '@gantry/oci';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';

/** Flags of `gantry verify` that say what is asked of a signature. */
export interface RequirementFlags {
  readonly key?: readonly string[];
  readonly certificateIdentity?: string;
  readonly certificateIdentityRegexp?: string;
  readonly certificateOidcIssuer?: string;
  readonly certificateOidcIssuerRegexp?: string;
  readonly trustedRoot?: string;
  readonly annotation?: Readonly<Record<string, string>>;
  readonly log?: 'required' | 'none';
  readonly timestamp?: 'log' | 'tsa' | 'any' | 'none';
  /** False with `--no-ct`. */
  readonly ct: boolean;
  readonly subject?: 'index' | 'platform' | 'either';
}

/** Whether any of these flags is given. */
export function asksOfSignatures(flags: RequirementFlags): boolean {
  const { key, certificateIdentity, certificateIdentityRegexp, certificateOidcIssuer, certificateOidcIssuerRegexp } =
    flags;
  const { trustedRoot, annotation, log, timestamp, ct, subject } = flags;
  const signers = [
    key,
    certificateIdentity,
    certificateIdentityRegexp,
    certificateOidcIssuer,
    certificateOidcIssuerRegexp,
  ];
  return !ct || [...signers, trustedRoot, annotation, log, timestamp, subject].some((flag) => flag !== undefined);
}

/** Where a policy of flags stands, in verdicts. */
const SOURCE = 'the command line';

/**
 * The policy that flags make for everything below `scope`; undefined when none of them is given. Throws `CONFIG_USAGE` for
 * flags that ask for nothing or do not fit together, and what reading a key throws.
 */
export async function policyOfFlags(
  context: Context,
  flags: RequirementFlags,
  scope: string,
  op: Op,
): Promise<Policy | undefined> {
  if (!asksOfSignatures(flags)) return undefined;
  const identity = identityRule(context, flags);
  const parts: RequirementParts = {
    keys: flags.key?.map((file) => readPolicyKey(resolve(context.io.cwd, file), file, op)),
    identities: identity && [identity],
    trustRoot:
      flags.trustedRoot === undefined ? undefined : { type: 'file', path: resolve(context.io.cwd, flags.trustedRoot) },
    claims: flags.annotation,
    log: flags.log,
    timestamp: flags.timestamp,
    ct: flags.ct ? undefined : 'none',
    subject: flags.subject,
  };
  if (parts.keys === undefined && parts.identities === undefined) {
    throw cliError('CONFIG_USAGE', 'nothing says who has to have signed', {
      hint: 'add --key, or --certificate-identity and --certificate-oidc-issuer; gantry.yaml does not mix with other flags',
    });
  }
  const signatures = await complete(parts);
  return { fallback: 'digest', lists: [[{ scope, require: 'cosign', signatures, source: SOURCE }]] };
}

async function complete(parts: RequirementParts): ReturnType<typeof completeRequirement> {
  try {
    return await completeRequirement(parts);
  } catch (error) {
    if (!isGantryError(error) || error.code !== 'CONFIG_INVALID') throw error;
    throw cliError('CONFIG_USAGE', `the flags do not fit together: ${error.message}`, {
      cause: error,
      hint: 'gantry verify --help explains them',
    });
  }
}

function identityRule(context: Context, flags: RequirementFlags): IdentityRule | undefined {
  const identity = textRule(
    context,
    ['--certificate-identity', flags.certificateIdentity],
    ['--certificate-identity-regexp', flags.certificateIdentityRegexp],
  );
  const issuer = textRule(
    context,
    ['--certificate-oidc-issuer', flags.certificateOidcIssuer],
    ['--certificate-oidc-issuer-regexp', flags.certificateOidcIssuerRegexp],
  );
  if (identity === undefined && issuer === undefined) return undefined;
  if (identity === undefined) {
    throw cliError(
      'CONFIG_USAGE',
      '--certificate-identity is missing: an issuer alone vouches for everybody it knows',
      {
        hint: 'add --certificate-identity',
      },
    );
  }
  if (issuer === undefined) {
    throw cliError('CONFIG_USAGE', '--certificate-oidc-issuer is missing: an identity counts with who vouches for it', {
      hint: 'add --certificate-oidc-issuer',
    });
  }
  return { issuer, identity };
}

type Flag = readonly [name: string, value: string | undefined];

/** Expressions of cosign match a part; here they match all, which is the same where they were written with care. */
function textRule(context: Context, [exactName, exact]: Flag, [name, expression]: Flag): TextRule | undefined {
  if (expression === undefined) return exact === undefined ? undefined : { exact };
  if (exact !== undefined) {
    throw cliError('CONFIG_USAGE', `${exactName} and ${name} are given, and one of them is meant`, {
      hint: 'gantry verify --help explains them',
    });
  }
  context.output.note(`hint: ${name} has to match the whole text, and not a part of it as with cosign`);
  return { pattern: `/${expression}/` };
}
