import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sigstoreLab, type TufRepository, tempDir, tufRepository } from '@gantry/testkit';
import { openTrustRoots } from '../trust/material/open-trust-roots.ts';
import type { TrustRootSource } from '../trust/material/trust-root.ts';
import { testTransport } from './signing.fixture.ts';
import { fetchSigningConfig, type SigningConfig } from './signing-config.ts';

const CONFIG = JSON.stringify({
  mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
  caUrls: [{ url: 'https://fulcio.example', majorApiVersion: 1, operator: 'example' }],
});

interface World {
  readonly repository: TufRepository;
  fetch(): Promise<SigningConfig>;
}

async function world(t: TestContext, targets: Readonly<Record<string, string>>): Promise<World> {
  const root = JSON.stringify(sigstoreLab().trustedRoot);
  const repository = await tufRepository(t, { targets: { 'trusted_root.json': root, ...targets } });
  const home = await tempDir(t);
  const source: TrustRootSource = { type: 'tuf', mirror: repository.url, root: await repository.rootFile(home) };
  const transport = testTransport(t);
  const roots = openTrustRoots({ directory: join(home, 'trust'), transport: () => transport });
  return { repository, fetch: () => fetchSigningConfig(roots, source) };
}

test('the signing configuration of a TUF repository is the one that its metadata vouches for', async (t) => {
  const { fetch, repository } = await world(t, { 'signing_config.v0.2.json': CONFIG });
  const { authorities, name } = await fetch();
  assert.equal(authorities[0]?.url.host, 'fulcio.example');
  assert.equal(name, `${repository.url}/signing_config.v0.2.json`);
});

test('C12: a signing configuration that the metadata does not vouch for is refused', async (t) => {
  const { fetch, repository } = await world(t, { 'signing_config.v0.2.json': CONFIG });
  const other = CONFIG.replace('fulcio', 'attack');
  for (const body of [other, CONFIG.slice(0, -1), '']) {
    repository.answer((path) => (path.includes('signing_config') ? { status: 200, body } : undefined));
    await assert.rejects(fetch(), { code: 'SIGNATURE_TRUST_ROOT' });
  }
  repository.answer((path) => (path.includes('signing_config') ? { status: 200, body: `${CONFIG} ` } : undefined));
  await assert.rejects(fetch(), { code: 'REGISTRY_LIMIT' });
});

test('a repository without a signing configuration says so', async (t) => {
  const { fetch } = await world(t, {});
  await assert.rejects(fetch(), { code: 'CONFIG_SIGNING_SERVICE', message: /it has no signing_config\.v0\.2\.json/ });
});
