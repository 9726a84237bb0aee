import { escapeRemote } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import type { IdentityRule } from '../requirement.ts';
import { matchesText, textOfRule } from '../text-rule.ts';
import type { SignerIdentity } from './signer-identity.ts';

const FIELDS = [
  'issuer',
  'identity',
  'sourceRepository',
  'ref',
  'buildSigner',
  'buildConfig',
  'runnerEnvironment',
] as const satisfies readonly (keyof IdentityRule & keyof SignerIdentity)[];

/**
 * The first rule whose every field matches the certificate; a field that the certificate lacks matches nothing. Throws
 * `POLICY_IDENTITY`, which names what was found.
 */
export async function matchingRule(found: SignerIdentity, rules: readonly IdentityRule[]): Promise<IdentityRule> {
  for (const rule of rules) if (await satisfies(found, rule)) return rule;
  const signer = `${escapeRemote(found.identity)} by ${escapeRemote(found.issuer)}`;
  const facts = FIELDS.flatMap((field) => (found[field] === undefined ? [] : [[field, escapeRemote(found[field])]]));
  throw coreError('POLICY_IDENTITY', `expected ${rules.map(ruleText).join(' or ')}, found ${signer}`, {
    details: { found: Object.fromEntries(facts), expected: rules.map(ruleText) },
  });
}

/** A rule for people: `identity I by ISSUER`, with the other fields it has in between. */
export function ruleText(rule: IdentityRule): string {
  const others = FIELDS.flatMap((field) => {
    const text = field === 'issuer' ? undefined : rule[field];
    return text === undefined ? [] : [`${field} ${textOfRule(text)}`];
  });
  return `${others.join(', ')} by ${textOfRule(rule.issuer)}`;
}

async function satisfies(found: SignerIdentity, rule: IdentityRule): Promise<boolean> {
  for (const field of FIELDS) {
    const expected = rule[field];
    if (expected === undefined) continue;
    const value = found[field];
    if (value === undefined || !(await matchesText(expected, value))) return false;
  }
  return true;
}
