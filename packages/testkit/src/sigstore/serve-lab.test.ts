import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { test } from 'node:test';
import { RFC3161Timestamp } from '@sigstore/core';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness, type Witness } from '@sigstore/sign';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { objectId, octetString, positiveInteger, sequence, TRUE } from '../der.ts';
import { sha256 } from './hash.ts';
import { labKeyPair, publicPem } from './keys.ts';
import { type SigstoreLab, sigstoreLab } from './lab.ts';

const STATEMENT = { data: Buffer.from('{}'), type: 'application/vnd.in-toto+json' };

const WITNESSES: Readonly<Record<string, (url: string) => Witness>> = {
  'Rekor version 1': (rekorBaseURL) => new RekorWitness({ rekorBaseURL, entryType: 'dsse' }),
  'the time stamp authority': (tsaBaseURL) => new TSAWitness({ tsaBaseURL }),
};

for (const [name, witness] of Object.entries(WITNESSES)) {
  test(`what @sigstore/sign makes with Fulcio and ${name} verifies`, async (t) => {
    const lab = sigstoreLab();
    const { url } = await lab.serve(t);
    const token = lab.token({ github: { repository: 'acme/tool' } });
    const signer = new FulcioSigner({ fulcioBaseURL: url, identityProvider: { getToken: async () => token } });
    const bundle = await new DSSEBundleBuilder({ signer, witnesses: [witness(url)] }).create(STATEMENT);
    const verifier = new Verifier(material(lab), { tlogThreshold: bundle.verificationMaterial.tlogEntries.length });
    const { identity } = verifier.verify(toSignedEntity(bundle));
    assert.equal(
      identity?.subjectAlternativeName,
      'https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1.0.0',
    );
  });
}

test('Fulcio refuses expired and foreign tokens, other audiences, and keys that the asker does not hold', async (t) => {
  const lab = sigstoreLab();
  const { url } = await lab.serve(t);
  const key = labKeyPair();
  const ask = async (token: string, name: string): Promise<number> => {
    const proofOfPossession = sign('sha256', Buffer.from(name), key.privateKey).toString('base64');
    const publicKey = { algorithm: 'ECDSA', content: publicPem(key.publicKey) };
    const credentials = { oidcIdentityToken: token };
    const body = JSON.stringify({ credentials, publicKeyRequest: { publicKey, proofOfPossession } });
    return (await fetch(`${url}/api/v2/signingCert`, { method: 'POST', body })).status;
  };
  const email = 'a@example.com';
  assert.equal(await ask(lab.token({ email }), email), 200);
  assert.equal(await ask(lab.token({ email }), 'b@example.com'), 400);
  assert.equal(await ask(lab.token({ email }, { expiresIn: -1 }), email), 400);
  assert.equal(await ask(lab.token({ email }, { audience: 'other' }), email), 400);
  assert.equal(await ask(sigstoreLab().token({ email }), email), 400);
});

test('Rekor version 1 answers 409 for an entry that is there, and says where', async (t) => {
  const { url } = await sigstoreLab().serve(t);
  const body = JSON.stringify({ kind: 'hashedrekord', apiVersion: '0.0.1', spec: { data: 'x' } });
  const post = (): Promise<Response> => fetch(`${url}/api/v1/log/entries`, { method: 'POST', body });
  const first = await post();
  assert.equal(first.status, 201);
  const again = await post();
  assert.equal(again.status, 409);
  const found = await fetch(`${url}${again.headers.get('location')}`);
  assert.deepEqual(await found.json(), await first.json());
});

test('Rekor version 2 takes hashedrekord and nothing else', async (t) => {
  const { url, requests } = await sigstoreLab().serve(t);
  const post = async (body: object): Promise<number> =>
    (await fetch(`${url}/api/v2/log/entries`, { method: 'POST', body: JSON.stringify(body) })).status;
  const signature = { content: 'AA==', verifier: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', publicKey: {} } };
  const digest = sha256('x').toString('base64');
  assert.equal(await post({ hashedRekordRequestV002: { digest, signature } }), 201);
  assert.equal(await post({ dsseRequestV002: {} }), 400);
  assert.equal(requests.length, 2);
});

test('the time stamp authority takes requests in DER', async (t) => {
  const lab = sigstoreLab();
  const { tsaUrl } = await lab.serve(t);
  const one = positiveInteger(Buffer.from([1]));
  const imprint = sequence(sequence(objectId('2.16.840.1.101.3.4.2.1')), octetString(sha256('signature')));
  const body = sequence(one, imprint, positiveInteger(Buffer.from([7])), TRUE);
  const headers = { 'content-type': 'application/timestamp-query' };
  const answer = await fetch(tsaUrl, { method: 'POST', body: new Uint8Array(body), headers });
  assert.equal(answer.status, 201);
  const stamp = RFC3161Timestamp.parse(Buffer.from(await answer.arrayBuffer()));
  stamp.verify(Buffer.from('signature'), lab.tsa.publicKey);
});

test('the token endpoint of GitHub Actions wants its own token and gives one for the audience', async (t) => {
  const lab = sigstoreLab();
  const { actionsEnvironment } = await lab.serve(t, { actions: { github: { repository: 'acme/tool' } } });
  const url = `${actionsEnvironment['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=sigstore`;
  assert.equal((await fetch(url)).status, 401);
  const authorization = `bearer ${actionsEnvironment['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}`;
  const { value } = (await (await fetch(url, { headers: { authorization } })).json()) as { value: string };
  const claims = JSON.parse(Buffer.from(value.split('.')[1] ?? '', 'base64url').toString());
  assert.deepEqual([claims.aud, claims.repository], ['sigstore', 'acme/tool']);
});

test('a test answers in place of a service', async (t) => {
  const { url } = await sigstoreLab().serve(t, {
    answer: (_, count) => (count === 1 ? { status: 503, body: '' } : undefined),
  });
  assert.equal((await fetch(`${url}/api/v1/timestamp`, { method: 'POST' })).status, 503);
  assert.equal((await fetch(`${url}/api/v1/timestamp`, { method: 'POST' })).status, 400);
});

function material(lab: SigstoreLab): ReturnType<typeof toTrustMaterial> {
  return toTrustMaterial(TrustedRoot.fromJSON(lab.trustedRoot));
}
