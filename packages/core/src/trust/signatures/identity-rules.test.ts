import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IdentityRule } from '../requirement.ts';
import { matchingRule, ruleText } from './identity-rules.ts';
import type { SignerIdentity } from './signer-identity.ts';

const FOUND: SignerIdentity = {
  issuer: 'https://token.actions.githubusercontent.com',
  identity: 'https://github.com/acme/plug/.github/workflows/release.yml@refs/tags/v1.2.0',
  sourceRepository: 'https://github.com/acme/plug',
  ref: 'refs/tags/v1.2.0',
  buildSigner: 'https://github.com/acme/plug/.github/workflows/release.yml@refs/tags/v1.2.0',
  buildConfig: 'https://github.com/acme/plug/.github/workflows/release.yml@refs/tags/v1.2.0',
  runnerEnvironment: 'github-hosted',
};

const issuer = { exact: FOUND.issuer };

test('C3: each field has to be the very text', async () => {
  for (const field of Object.keys(FOUND) as (keyof SignerIdentity)[]) {
    const value = FOUND[field] ?? '';
    const rule: IdentityRule = { issuer, [field]: { exact: value } };
    assert.equal(await matchingRule(FOUND, [rule]), rule);
    const others = [
      `${value}/`,
      value.slice(1),
      value.slice(0, -1),
      value.toUpperCase(),
      `${value}\n`,
      `${value}\0`,
      `\u200b${value}`,
      value.replace('e', '\u0435'),
      value.replace('.', 'x'),
    ].filter((other) => other !== value);
    for (const other of others) {
      const refused = matchingRule(FOUND, [{ issuer, [field]: { exact: other } }]);
      await assert.rejects(refused, { code: 'POLICY_IDENTITY' }, `${field}: ${JSON.stringify(other)}`);
    }
  }
});

test('C15: a field that the certificate lacks matches nothing', async () => {
  for (const field of Object.keys(FOUND) as (keyof SignerIdentity)[]) {
    if (field === 'issuer' || field === 'identity') continue;
    const lacking = { ...FOUND, [field]: undefined };
    for (const rule of [{ exact: 'undefined' }, { exact: '' }, { pattern: '*' }, { pattern: '/.*/' }]) {
      await assert.rejects(matchingRule(lacking, [{ issuer, [field]: rule }]), { code: 'POLICY_IDENTITY' });
    }
  }
});

test('C15: a repository alone accepts each of its workflows, a repository with workflow and ref only that one', async () => {
  const hijacked = {
    ...FOUND,
    identity: 'https://github.com/acme/plug/.github/workflows/evil.yml@refs/heads/x',
    ref: 'refs/heads/x',
  };
  const sourceRepository = { exact: 'https://github.com/acme/plug' };
  const loose: IdentityRule = { issuer, sourceRepository };
  assert.equal(await matchingRule(hijacked, [loose]), loose);
  const identity = { pattern: 'https://github.com/acme/plug/.github/workflows/release.yml@refs/tags/v*' };
  const strict: IdentityRule = { issuer, sourceRepository, identity, ref: { pattern: 'refs/tags/v*' } };
  assert.equal(await matchingRule(FOUND, [strict]), strict);
  await assert.rejects(matchingRule(hijacked, [strict]), { code: 'POLICY_IDENTITY' });
});

test('the issuer has to match as well, in the same rule', async () => {
  const elsewhere = { exact: 'https://issuer.example' };
  const rules: IdentityRule[] = [
    { issuer: elsewhere, identity: { exact: FOUND.identity } },
    { issuer, identity: { exact: 'https://other.example' } },
  ];
  await assert.rejects(matchingRule(FOUND, rules), (error: Error) => {
    assert.match(
      error.message,
      /^expected identity .* by https:\/\/issuer\.example or identity https:\/\/other\.example by /,
    );
    assert.match(error.message, /found https:\/\/github\.com\/acme\/plug\/.* by https:\/\/token\.actions/);
    return true;
  });
});

test('the first rule that matches is the clause', async () => {
  const rules: IdentityRule[] = [
    { issuer, ref: { exact: 'refs/heads/main' } },
    { issuer, ref: { pattern: 'refs/tags/*' } },
    { issuer, ref: { exact: 'refs/tags/v1.2.0' } },
  ];
  assert.equal(await matchingRule(FOUND, rules), rules[1]);
});

test('what was found is escaped', async () => {
  const evil = { ...FOUND, identity: 'a\u202eb' };
  await assert.rejects(matchingRule(evil, []), (error: Error) => {
    assert.match(error.message, /found a\\u\{202e\}b by/);
    return true;
  });
});

test('a rule as text names all of its fields', () => {
  const rule: IdentityRule = { issuer, identity: { exact: 'x' }, ref: { pattern: 'refs/tags/*' } };
  assert.equal(ruleText(rule), 'identity x, ref refs/tags/* by https://token.actions.githubusercontent.com');
});
