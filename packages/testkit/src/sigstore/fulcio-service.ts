import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { CertificateRequest } from './certificate.ts';
import { githubIdentity } from './github-identity.ts';
import { certificatePem, type LabKeyPair, usualHash } from './keys.ts';
import type { SigstoreLab } from './lab.ts';
import { asRecord, jsonAnswer, jsonBody, refusal, type Service } from './service.ts';
import { readToken, type TokenClaims } from './tokens.ts';

/** `POST /api/v2/signingCert` of Fulcio: a certificate for the key whose owner holds a token of the lab's issuer. */
export function fulcioService(lab: SigstoreLab, issuerKey: LabKeyPair): Service {
  return (request) => {
    const body = jsonBody(request);
    const bearer = /^Bearer (.+)$/.exec(String(request.headers['authorization'] ?? ''))?.[1];
    const token = String(asRecord(body['credentials'])['oidcIdentityToken'] ?? bearer ?? '');
    const claims = readToken(issuerKey, lab.now(), token);
    if (claims === undefined) return refusal(400, 'There was an error processing the identity token');
    const asked = asRecord(body['publicKeyRequest']);
    const key = createPublicKey(String(asRecord(asked['publicKey'])['content']));
    if (!ownsKey(key, claims, String(asked['proofOfPossession'] ?? ''))) {
      return refusal(400, 'The signature supplied in the request could not be verified');
    }
    const certificate = lab.certificate({ ...identityOf(claims), key });
    const certificates = [certificate.pem, ...certificate.chain.map(certificatePem)];
    const name = lab.ctLog === undefined ? 'signedCertificateDetachedSct' : 'signedCertificateEmbeddedSct';
    return jsonAnswer(200, { [name]: { chain: { certificates } } });
  };
}

/** The name that the owner of the key had to sign: the address of people, the subject of machines. */
function ownsKey(key: KeyObject, claims: TokenClaims, proof: string): boolean {
  const name = Buffer.from(String(claims['email'] ?? claims['sub']));
  return verify(key.asymmetricKeyType === 'ed25519' ? null : usualHash(key), name, key, Buffer.from(proof, 'base64'));
}

function identityOf(claims: TokenClaims): CertificateRequest {
  const text = (name: string): string => String(claims[name]);
  if (claims['email'] !== undefined) return { san: { email: text('email') }, issuer: text('iss') };
  const [path = ''] = text('workflow_ref').split('@', 1);
  return githubIdentity({
    repository: text('repository'),
    ref: text('ref'),
    workflow: path.split('/').slice(2).join('/'),
    calledWorkflow: text('job_workflow_ref'),
    commit: text('sha'),
    environment: text('runner_environment') === 'self-hosted' ? 'self-hosted' : 'github-hosted',
    trigger: text('event_name'),
  });
}
