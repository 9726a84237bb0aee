import { type ExplainedClause, type ExplainedTrustRoot, type SignatureRequirement, textOfRule } from '@gantry/core';
import { type FailureFacts, failureFacts } from '../output/failure.ts';

/** A trust root as far as it is at hand, in documents. */
export interface TrustRootDocument {
  /** `public`, `tuf`, `file` or `pem`. */
  readonly type: string;
  /** File or mirror; null when nothing is at hand. */
  readonly name: string | null;
  readonly digest: string | null;
  readonly stale: boolean | null;
  /** ISO 8601; of trust roots from TUF. */
  readonly checked?: string | undefined;
  readonly expires?: string | undefined;
  /** Why it cannot be read. */
  readonly error?: FailureFacts | undefined;
}

/** One setting of a trust entry. */
export interface SettingDocument {
  readonly name: string;
  readonly value: unknown;
  /** Where it stands; `default` when the entry does not say it. */
  readonly source: string;
}

/** A trust entry that answers, in documents. */
export interface ClauseDocument {
  readonly scope: string;
  readonly require: string;
  readonly source: string;
  readonly settings: readonly SettingDocument[];
  readonly trustRoot: TrustRootDocument | null;
  /** Entries of the same file that would match too, and have a shorter scope. */
  readonly outranked: readonly { readonly scope: string; readonly source: string }[];
}

/** The document about a trust entry and what it rests on. */
export function clauseDocument({ clause, outranked, trustRoot }: ExplainedClause): ClauseDocument {
  const { scope, require, source, signatures, written = [] } = clause;
  return {
    scope,
    require,
    source,
    settings: signatures === undefined ? [] : settings(signatures, source, written),
    trustRoot: trustRoot === undefined ? null : trustRootDocument(trustRoot),
    outranked: outranked.map((other) => ({ scope: other.scope, source: other.source })),
  };
}

function settings(requirement: SignatureRequirement, source: string, written: readonly string[]): SettingDocument[] {
  const { keys, identities, trustRoot, ...options } = requirement;
  const signers =
    keys.length > 0 ? { keys: keys.map(({ id, name }) => ({ id, name })) } : { keyless: identities.map(rulesOf) };
  const values: object = { ...signers, ...options, trustRoot: trustRoot.type };
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, value, source: written.includes(name) ? source : 'default' }));
}

function rulesOf(rule: SignatureRequirement['identities'][number]): Record<string, string> {
  const fields = Object.entries(rule).map(([field, text]) => {
    const isPattern = 'pattern' in text && (field === 'issuer' || field === 'identity');
    return [isPattern ? `${field}Pattern` : field, textOfRule(text)];
  });
  return Object.fromEntries(fields);
}

function trustRootDocument({ source, name, digest, stale, facts, error }: ExplainedTrustRoot): TrustRootDocument {
  return {
    type: source.type,
    name: name ?? null,
    digest: digest ?? null,
    stale: stale ?? null,
    checked: facts && new Date(facts.checked).toISOString(),
    expires: facts && new Date(facts.expires).toISOString(),
    error: error === undefined ? undefined : failureFacts(error),
  };
}

/** The same for people, as rows of a table. */
export function clauseRows(clause: ClauseDocument): string[][] {
  const { scope, require, source, trustRoot, outranked } = clause;
  return [
    ['entry', `${require} for ${scope}`, source],
    ...clause.settings.flatMap(settingRows),
    ...(trustRoot === null ? [] : [['  trust root', trustRootText(trustRoot), trustRoot.name ?? trustRoot.type]]),
    ...outranked.map((other) => ['  outranks', other.scope, other.source]),
  ];
}

/** A key or identity has a row of its own: several in one make every row too wide to read. */
function settingRows({ name, value, source }: SettingDocument): string[][] {
  if (name !== 'keys' && name !== 'keyless') {
    return [[`  ${name}`, typeof value === 'string' ? value : JSON.stringify(value), source]];
  }
  const signers: readonly object[] = Array.isArray(value) ? value : [];
  return signers.map((signer) => [`  ${name}`, Object.values(signer).join(' '), source]);
}

function trustRootText({ digest, stale, checked, error }: TrustRootDocument): string {
  if (error !== undefined) return `cannot be read: ${error.message}`;
  if (digest === null) return 'not at hand yet; asked for when it is needed';
  return `${digest}${stale === true ? ', out of date' : ''}${checked === undefined ? '' : `, confirmed ${checked}`}`;
}
