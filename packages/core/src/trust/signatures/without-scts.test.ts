import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { X509Certificate } from '@sigstore/core';
import { loaded, noonLab } from './judging.fixture.ts';
import { sigstoreLibrary } from './sigstore-library.ts';
import { trustMaterial } from './trust-material.ts';
import { hasKnownSct } from './without-scts.ts';

test('one certificate timestamp of a log that is known is enough to have all of them verified', async () => {
  const lab = noonLab();
  const material = trustMaterial(loaded(lab.trustedRoot), await sigstoreLibrary());
  const known = { logID: lab.ctLog?.id };
  const unknown = { logID: Buffer.alloc(32) };
  const holding = (...signedCertificateTimestamps: readonly object[]): X509Certificate =>
    ({ extSCT: { signedCertificateTimestamps } }) as unknown as X509Certificate;
  assert.equal(hasKnownSct(holding(known, unknown), material), true);
  assert.equal(hasKnownSct(holding(unknown, known), material), true);
  assert.equal(hasKnownSct(holding(unknown), material), false);
  assert.equal(hasKnownSct(holding(), material), false);
});
