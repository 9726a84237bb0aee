import { resolve } from 'node:path';
import { isGantryError, type Op, parseReference, repositoryName } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { completeRequirement, type RequirementParts, requirementProblem } from '../trust/complete-requirement.ts';
import { policyKey } from '../trust/material/policy-key.ts';
import { readPolicyKey } from '../trust/material/read-policy-key.ts';
import type { IdentityRule, PolicyKey, SignatureRequirement, TextRule } from '../trust/requirement.ts';
import { listOf, stepsTo } from './one-or-more.ts';
import { parseQuantity } from './quantity.ts';
import type { RawIdentity, RawKey, RawSignatures } from './raw-config.ts';
import type { EntryPlace } from './trust-clause.ts';
import { trustRootSource } from './trust-root-source.ts';

/** What reading a key throws. */
const KEY_ERRORS = ['CONFIG_KEY_INVALID', 'CONFIG_KEY_UNSUPPORTED', 'CONFIG_PATH_UNREADABLE'] as const;

/** What a trust entry with `require: cosign` asks for. Throws as `trustClause`. */
export async function signatureRequirement(
  raw: RawSignatures,
  place: EntryPlace,
  op?: Op,
): Promise<SignatureRequirement> {
  const { threshold, log, timestamp, ct, subject, claims } = raw;
  const parts: RequirementParts = {
    ...{ threshold, log, timestamp, ct, subject, claims },
    keys: listOf(raw.keys).map((key, index) => readKey(key, stepsTo('keys', raw.keys, index), place, op)),
    identities: listOf(raw.keyless).map((rule, index) =>
      identityRule(rule, stepsTo('keyless', raw.keyless, index), place),
    ),
    trustRoot: trustRootSource(raw.trustRoot, place),
    signatureRepository: repository(raw.signatureRepository, place),
    maxOfflineAge: raw.maxOfflineAge === undefined ? undefined : parseQuantity(raw.maxOfflineAge, 'milliseconds'),
  };
  const problem = await requirementProblem(parts);
  if (problem !== undefined) throw place.invalid(asWritten(problem.path, raw), problem.message);
  return completeRequirement(parts);
}

/** A problem names positions, also of what was written without a list. */
function asWritten(path: readonly (string | number)[], raw: RawSignatures): (string | number)[] {
  const [field, index, ...rest] = path;
  if (typeof index !== 'number' || (field !== 'keys' && field !== 'keyless')) return [...path];
  return [...stepsTo(field, raw[field], index), ...rest];
}

function readKey(key: RawKey, path: readonly (string | number)[], place: EntryPlace, op?: Op): PolicyKey {
  if ((key.file === undefined) === (key.pem === undefined)) {
    throw place.invalid(path, 'expected file or pem, one of them');
  }
  try {
    if (key.file !== undefined) return readPolicyKey(resolve(place.directory, key.file), key.file, op);
    return policyKey(key.pem ?? '', `trust[${place.index}].${path.join('.')}`);
  } catch (error) {
    if (!isGantryError(error)) throw error;
    const code = KEY_ERRORS.find((known) => known === error.code) ?? 'CONFIG_KEY_INVALID';
    const { hint } = error;
    throw coreError(code, place.located(path, error.message), { cause: error, hint, details: { file: place.file } });
  }
}

function identityRule(raw: RawIdentity, path: readonly (string | number)[], place: EntryPlace): IdentityRule {
  for (const [exact, pattern] of [['issuer', 'issuerPattern'] as const, ['identity', 'identityPattern'] as const]) {
    if (raw[exact] !== undefined && raw[pattern] !== undefined) {
      throw place.invalid([...path, pattern], `expected ${exact} or ${pattern}, one of them`);
    }
  }
  const issuer = exactOrPattern(raw.issuer, raw.issuerPattern);
  if (issuer === undefined) {
    throw place.invalid(path, 'an identity counts only with the issuer that vouches for it; add issuer');
  }
  const rules: Readonly<Record<Exclude<keyof IdentityRule, 'issuer'>, TextRule | undefined>> = {
    identity: exactOrPattern(raw.identity, raw.identityPattern),
    sourceRepository: exactOrPattern(raw.sourceRepository),
    ref: refRule(raw.ref),
    buildSigner: exactOrPattern(raw.buildSigner),
    buildConfig: exactOrPattern(raw.buildConfig),
    runnerEnvironment: exactOrPattern(raw.runnerEnvironment),
  };
  return { issuer, ...Object.fromEntries(Object.entries(rules).filter(([, rule]) => rule !== undefined)) };
}

function exactOrPattern(exact: string | undefined, pattern?: string): TextRule | undefined {
  if (exact !== undefined) return { exact };
  return pattern === undefined ? undefined : { pattern };
}

/** Names of refs have no `*` and begin with no `/`, so what has is a pattern. */
function refRule(ref: string | undefined): TextRule | undefined {
  if (ref === undefined) return undefined;
  return ref.includes('*') || ref.startsWith('/') ? { pattern: ref } : { exact: ref };
}

/** `host/repository`, normalised; a tag or digest would promise more than a place. */
function repository(text: string | undefined, place: EntryPlace): string | undefined {
  if (text === undefined) return undefined;
  const wrong = (): Error =>
    place.invalid(['signatureRepository'], 'expected host/repository, without tag, digest and path');
  try {
    const reference = parseReference(text);
    const bare = reference.tag === undefined && reference.digest === undefined && reference.path === undefined;
    if (reference.kind !== 'registry' || !bare) throw wrong();
    return repositoryName(reference);
  } catch (error) {
    if (isGantryError(error) && error.code.startsWith('REFERENCE_')) throw wrong();
    throw error;
  }
}
