import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { memoryRepository, openTransport, type Transport } from '@gantry/oci';
import { type LabServices, sigstoreLab } from '@gantry/testkit';
import { requestCertificate } from './fulcio.ts';
import { identityToken } from './identity-token.ts';
import { signArtifact } from './sign-artifact.ts';
import { freshSigner, publishOne, testTransport } from './signing.fixture.ts';
import { parseSigningConfig } from './signing-config.ts';
import { askService, serviceUrl } from './signing-service.ts';

const SIZE = 1000;

async function services(t: TestContext): Promise<LabServices> {
  return sigstoreLab().serve(t, { answer: () => ({ status: 200, body: 'x'.repeat(SIZE) }) });
}

function ask(transport: Transport, url: string, limits: Readonly<Record<string, number>> = {}): Promise<unknown> {
  const question = { method: 'GET', url: new URL(url), accept: '*/*', repeatable: true } as const;
  return askService(transport, question, { limits });
}

test('C7: an answer is read up to serviceAnswerBytes', async (t) => {
  const { url } = await services(t);
  const transport = testTransport(t);
  await ask(transport, url, { serviceAnswerBytes: SIZE });
  await assert.rejects(ask(transport, url, { serviceAnswerBytes: SIZE - 1 }), { code: 'REGISTRY_LIMIT' });
});

test('A13: a service on plain http that no setting allows is refused before it is asked', async (t) => {
  const transport = testTransport(t);
  await assert.rejects(ask(transport, 'http://fulcio.example/api'), {
    code: 'CONFIG_SIGNING_SERVICE',
    message: /expected https:\/\/fulcio\.example, found http:\/\/fulcio\.example/,
    hint: /registries\.fulcio\.example\.plainHttp/,
  });
});

test('offline no service is asked, and a key needs none', async (t) => {
  const lab = sigstoreLab();
  const { requests, signingConfig } = await lab.serve(t);
  const transport = openTransport({ offline: true });
  t.after(() => transport[Symbol.asyncDispose]());
  const config = parseSigningConfig(JSON.stringify(signingConfig()), 'lab');
  const repository = memoryRepository();
  const subject = await publishOne(repository);
  const signer = await freshSigner();
  const witnesses = { config, transport };
  await assert.rejects(signArtifact(repository, subject, { signer, witnesses }), { code: 'REGISTRY_OFFLINE' });
  const token = identityToken(lab.token({ email: 'a@example.com' }));
  await assert.rejects(requestCertificate(transport, new URL('http://127.0.0.1:1'), signer, token), {
    code: 'REGISTRY_OFFLINE',
  });
  assert.deepEqual(requests, []);
  assert.equal((await signArtifact(repository, subject, { signer })).length, 1);
});

test('a service may have a path of its own', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['https://a.example', 'https://a.example/api/v1'],
    ['https://a.example/', 'https://a.example/api/v1'],
    ['https://a.example/fulcio/', 'https://a.example/fulcio/api/v1'],
    ['https://a.example:8443/x?y=1', 'https://a.example:8443/x/api/v1?y=1'],
  ];
  for (const [base, expected] of cases) assert.equal(serviceUrl(new URL(base), '/api/v1').href, expected);
});
