import { coreError } from '../core-errors.ts';
import type { PemParts } from './material/trust-root.ts';
import type { IdentityRule, PolicyKey, SignatureRequirement } from './requirement.ts';
import { checkTextRule } from './text-rule.ts';

/** What somebody said about signatures, in a trust entry or in flags; the rest follows from it. */
export type RequirementParts = { readonly [K in keyof SignatureRequirement]?: SignatureRequirement[K] | undefined };

/** Something that cannot be enforced: where it stands, in the names of a trust entry, and why. */
export interface RequirementProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * Fills in the defaults: identities need log, time and certificate transparency, and the public-good trust root; keys need
 * nothing but the signature. Throws `CONFIG_INVALID` when something cannot be enforced, see {@link requirementProblem}.
 */
export async function completeRequirement(parts: RequirementParts): Promise<SignatureRequirement> {
  const problem = await requirementProblem(parts);
  if (problem !== undefined) throw coreError('CONFIG_INVALID', `${fieldName(problem.path)}: ${problem.message}`);
  return withDefaults(parts);
}

/** The first thing of a requirement that could not be enforced, or would do nothing; undefined when there is none (C2). */
export async function requirementProblem(parts: RequirementParts): Promise<RequirementProblem | undefined> {
  return signersProblem(parts) ?? (await identitiesProblem(parts.identities ?? [])) ?? evidenceProblem(parts);
}

/** A path as it is written in messages: `keyless[0].issuer`. */
function fieldName(path: readonly (string | number)[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}

function withDefaults(parts: RequirementParts): SignatureRequirement {
  const { keys = [], identities = [], signatureRepository, maxOfflineAge } = parts;
  const keyless = identities.length > 0;
  return {
    keys,
    identities,
    threshold: parts.threshold ?? 1,
    log: parts.log ?? (keyless ? 'required' : 'none'),
    timestamp: parts.timestamp ?? (keyless ? 'any' : 'none'),
    ct: parts.ct ?? (keyless ? 'required' : 'none'),
    subject: parts.subject ?? 'either',
    claims: parts.claims ?? {},
    trustRoot: parts.trustRoot ?? { type: keyless ? 'public' : 'none' },
    ...(signatureRepository === undefined ? {} : { signatureRepository }),
    ...(maxOfflineAge === undefined ? {} : { maxOfflineAge }),
  };
}

function signersProblem({
  keys = [],
  identities = [],
  threshold = 1,
}: RequirementParts): RequirementProblem | undefined {
  if (keys.length > 0 && identities.length > 0) {
    return { path: ['keyless'], message: 'a signer is one of keys or an identity of keyless, not both' };
  }
  if (keys.length === 0 && identities.length === 0) {
    return { path: ['keys'], message: 'cosign needs keys or keyless: somebody has to sign' };
  }
  const twice = duplicateKey(keys) ?? duplicateIdentity(identities);
  if (twice !== undefined) return twice;
  const signers = keys.length + identities.length;
  if (threshold >= 1 && threshold <= signers) return undefined;
  return { path: ['threshold'], message: `expected 1 to ${signers}, the number of signers, found ${threshold}` };
}

/** One key under two names would count as two signers (C6). */
function duplicateKey(keys: readonly PolicyKey[]): RequirementProblem | undefined {
  const second = keys.findIndex(({ id }, index) => keys.findIndex((key) => key.id === id) < index);
  const key = keys[second];
  if (key === undefined) return undefined;
  const first = keys.find(({ id }) => id === key.id);
  return { path: ['keys', second], message: `${key.name} is the same key as ${first?.name}` };
}

function duplicateIdentity(identities: readonly IdentityRule[]): RequirementProblem | undefined {
  const texts = identities.map((rule) => JSON.stringify(Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1))));
  const second = texts.findIndex((text, index) => texts.indexOf(text) < index);
  return second < 0 ? undefined : { path: ['keyless', second], message: 'it is there twice' };
}

async function identitiesProblem(identities: readonly IdentityRule[]): Promise<RequirementProblem | undefined> {
  for (const [index, { issuer, ...others }] of identities.entries()) {
    const path = ['keyless', index];
    const rules = Object.entries({ issuer, ...others }).flatMap(([field, rule]) => (rule ? [{ field, rule }] : []));
    if (!rules.some(({ field }) => field === 'issuer')) {
      return { path, message: 'an identity counts only with the issuer that vouches for it; add issuer' };
    }
    if (rules.length === 1) {
      return { path, message: 'an issuer alone accepts everybody who has an account there; add identity' };
    }
    for (const { field, rule } of rules) {
      const patternField = field === 'issuer' || field === 'identity' ? `${field}Pattern` : field;
      const message = await checkTextRule(rule);
      if (message !== undefined) return { path: [...path, 'pattern' in rule ? patternField : field], message };
    }
  }
  return undefined;
}

/** Log, time and certificate transparency: what is asked for, and whether the trust root can tell. */
function evidenceProblem(parts: RequirementParts): RequirementProblem | undefined {
  const keyless = (parts.identities ?? []).length > 0;
  if (!keyless && parts.ct !== undefined) {
    return { path: ['ct'], message: 'it is about certificates, and keys have none' };
  }
  const { log, timestamp, ct, trustRoot } = withDefaults(parts);
  if (keyless && timestamp === 'none') {
    return {
      path: ['timestamp'],
      message: 'a certificate of keyless lives for minutes; without a time it proves nothing',
    };
  }
  if (timestamp === 'log' && log === 'none') {
    return { path: ['timestamp'], message: 'a time from the log needs log: required' };
  }
  if (trustRoot.type === 'none') return withoutTrustRoot(parts, keyless);
  return trustRoot.type === 'pem' ? missingPart(trustRoot.parts, { log, timestamp, ct, keyless }) : undefined;
}

function withoutTrustRoot(parts: RequirementParts, keyless: boolean): RequirementProblem | undefined {
  const wanting = (['log', 'timestamp'] as const).find((field) => (parts[field] ?? 'none') !== 'none');
  if (keyless) return { path: ['trustRoot'], message: 'keyless needs a trust root' };
  if (wanting === undefined) return undefined;
  return {
    path: [wanting],
    message: `${parts[wanting]} needs a trustRoot: nothing else tells the keys of log and authority`,
  };
}

function missingPart(
  { fulcio, rekor, ct: ctLogs, tsa }: PemParts,
  need: Pick<SignatureRequirement, 'log' | 'timestamp' | 'ct'> & { readonly keyless: boolean },
): RequirementProblem | undefined {
  const missing = (part: string, why: string): RequirementProblem => ({
    path: ['trustRoot', 'pem'],
    message: `${part} is missing, and ${why}`,
  });
  if (need.keyless && fulcio.length === 0) return missing('fulcio', 'keyless needs a certificate authority');
  if (need.log === 'required' && rekor.length === 0) return missing('rekor', 'log is required');
  if (need.ct === 'required' && ctLogs.length === 0) return missing('ct', 'ct is required');
  if (need.timestamp === 'tsa' && tsa.length === 0) return missing('tsa', 'timestamp is tsa');
  if (need.timestamp === 'any' && tsa.length + rekor.length === 0) return missing('tsa', 'timestamp is any');
  return undefined;
}
