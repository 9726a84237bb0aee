import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { githubIdentity } from './github-identity.ts';
import { labKeyPair } from './keys.ts';
import { sigstoreLab } from './lab.ts';
import { KeyUse } from './x509-extensions.ts';

test('a certificate says what was asked for, and its chain holds', () => {
  const lab = sigstoreLab();
  const { der, chain } = lab.certificate({ san: [{ email: 'a@example.com' }, { uri: 'https://example.com/b' }] });
  const certificate = new X509Certificate(der);
  assert.equal(certificate.subjectAltName, 'email:a@example.com, URI:https://example.com/b');
  assert.equal(certificate.ca, false);
  assert.deepEqual(certificate.keyUsage, [KeyUse.codeSigning]);
  const [issuer, root] = chain.map((one) => new X509Certificate(one));
  assert.ok(issuer && root);
  assert.ok(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey));
  assert.ok(issuer.checkIssued(root) && issuer.verify(root.publicKey));
  assert.ok(root.verify(root.publicKey));
});

test('the wrongs of a certificate are one at a time', () => {
  const lab = sigstoreLab();
  const notBefore = Date.UTC(2051, 0, 1);
  const late = new X509Certificate(lab.certificate({ notBefore }).der);
  assert.equal(late.validFromDate.getTime(), notBefore);
  assert.equal(late.validToDate.getTime(), notBefore + 600_000);
  assert.ok(new X509Certificate(lab.certificate({ isCA: true }).der).ca);
  assert.deepEqual(new X509Certificate(lab.certificate({ uses: [KeyUse.serverAuth] }).der).keyUsage, [
    KeyUse.serverAuth,
  ]);
  assert.equal(new X509Certificate(lab.certificate({ san: [] }).der).subjectAltName, undefined);
});

test('the issuer stands in both extensions, in one, or in two that disagree', () => {
  const lab = sigstoreLab();
  const holds = (text: string, der: Buffer): boolean => der.includes(text);
  const { der } = lab.certificate({ issuer: { v1: 'https://one.example', v2: 'https://two.example' } });
  assert.ok(holds('https://one.example', der) && holds('https://two.example', der));
  const second = Buffer.from('060a2b0601040183bf300108', 'hex');
  assert.ok(der.includes(second));
  assert.ok(!lab.certificate({ issuer: { v1: 'https://one.example' } }).der.includes(second));
});

test('a run on GitHub fills the extensions that policies compare', () => {
  const { der } = sigstoreLab().certificate(
    githubIdentity({ calledWorkflow: 'acme/shared/.github/workflows/sign.yml@v1' }),
  );
  assert.equal(
    new X509Certificate(der).subjectAltName,
    'URI:https://github.com/acme/shared/.github/workflows/sign.yml@v1',
  );
  assert.ok(der.includes('https://github.com/acme/plug/.github/workflows/release.yml@refs/tags/v1.0.0'));
});

test('a certificate for a public key alone cannot sign', () => {
  const certificate = sigstoreLab().certificate({ key: labKeyPair().publicKey });
  assert.throws(() => certificate.privateKey, TypeError);
});
