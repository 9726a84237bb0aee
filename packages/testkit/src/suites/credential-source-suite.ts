import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Credential, CredentialSource, Origin } from '@gantry/oci';

/** Makes a source that knows one credential, user `ann` with password `pw`, under this key: `host[:port]`. */
export type CredentialSourceFactory = (t: TestContext, key: string) => Promise<CredentialSource>;

const ANN: Credential = { kind: 'basic', username: 'ann', password: 'pw' };

/** What every {@link CredentialSource} promises: the credential of exactly this registry and of no other. */
export function credentialSourceSuite(name: string, factory: CredentialSourceFactory): void {
  const found: readonly [key: string, origin: Origin][] = [
    ['registry.test', 'https://registry.test:443'],
    ['registry.test:5000', 'https://registry.test:5000'],
    ['127.0.0.1:5000', 'http://127.0.0.1:5000'],
    ['[::1]:5000', 'http://[::1]:5000' as Origin],
  ];
  for (const [key, origin] of found) {
    test(`${name}: ${key} is for ${origin}`, async (t) => {
      const source = await factory(t, key);
      assert.deepEqual(await source.credentialFor(origin, 'team/app'), ANN);
    });
  }

  const absent: readonly [key: string, origin: Origin][] = [
    ['registry.test', 'https://notregistry.test:443'],
    ['registry.test', 'https://registry.test.evil:443'],
    ['registry.test', 'https://sub.registry.test:443'],
    ['registry.test', 'https://registry.test:5000'],
    ['registry.test:5000', 'https://registry.test:443'],
    ['registry.test:5000', 'https://registry.test:50001'],
    ['docker.io', 'https://evildocker.io:443'],
  ];
  for (const [key, origin] of absent) {
    test(`A9: ${name}: ${key} is not for ${origin}`, async (t) => {
      const source = await factory(t, key);
      assert.equal(await source.credentialFor(origin, 'team/app'), undefined);
    });
  }

  test(`A9: ${name}: all names of Docker Hub are one`, async (t) => {
    for (const origin of ['https://registry-1.docker.io:443', 'https://docker.io:443'] as const) {
      const source = await factory(t, 'https://index.docker.io/v1/');
      assert.deepEqual(await source.credentialFor(origin, 'library/app'), ANN, origin);
    }
  });

  test(`${name}: asking many times at once gives the same`, async (t) => {
    const source = await factory(t, 'registry.test');
    const asked = Array.from({ length: 8 }, () => source.credentialFor('https://registry.test:443', 'team/app'));
    assert.deepEqual(await Promise.all(asked), Array(8).fill(ANN));
  });
}
