/** An OpenID Connect provider that gives anybody any identity: what Fulcio asks for in the tests. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';

const PORT = 8791;
const BASE = `http://127.0.0.1:${PORT}`;

/** Issuer of tokens that carry an e-mail address. */
export const EMAIL_ISSUER: string = `${BASE}/email`;
/** Issuer of tokens that look like those of GitHub Actions. */
export const WORKFLOW_ISSUER: string = `${BASE}/gh`;

/** A run of a workflow, as GitHub's tokens tell it. */
export interface WorkflowRun {
  /** `owner/name` */
  readonly repository: string;
  /** `refs/tags/v1.2.3` */
  readonly ref: string;
  /** `owner/name/.github/workflows/FILE@REF` of a reusable workflow that the run calls; absent: the run's own `release.yml`. */
  readonly called?: string;
}

/** The provider while it listens. */
export interface OidcIssuer {
  emailToken(email: string): string;
  workflowToken(run: WorkflowRun): string;
  stop(): Promise<void>;
}

/** Starts the provider on the fixed port that `fulcio.yaml` names. */
export async function startOidcIssuer(): Promise<OidcIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' };
  const token = (claims: object): string => {
    const now = Math.floor(Date.now() / 1000);
    const body = [
      { alg: 'RS256', kid: 'k1', typ: 'JWT' },
      { aud: 'sigstore', iat: now, nbf: now - 5, exp: now + 600, ...claims },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${body}.${sign('RSA-SHA256', Buffer.from(body), privateKey).toString('base64url')}`;
  };
  const documents: Readonly<Record<string, object>> = {
    '/email/.well-known/openid-configuration': configuration(EMAIL_ISSUER),
    '/gh/.well-known/openid-configuration': configuration(WORKFLOW_ISSUER),
    '/jwks': { keys: [jwk] },
  };
  const server = createServer((request, response) => {
    const document = documents[request.url ?? ''];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(PORT, '127.0.0.1', resolve));
  return {
    emailToken: (email) => token({ iss: EMAIL_ISSUER, sub: email, email, email_verified: true }),
    workflowToken: (run) => token(workflowClaims(run)),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function configuration(issuer: string): object {
  return {
    issuer,
    jwks_uri: `${BASE}/jwks`,
    authorization_endpoint: `${BASE}/authorize`,
    token_endpoint: `${BASE}/token`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  };
}

function workflowClaims({ repository, ref, called }: WorkflowRun): object {
  const own = `${repository}/.github/workflows/release.yml@${ref}`;
  const commit = 'a'.repeat(40);
  return {
    iss: WORKFLOW_ISSUER,
    sub: `repo:${repository}:ref:${ref}`,
    repository,
    repository_id: '1',
    repository_owner: repository.split('/')[0],
    repository_owner_id: '2',
    repository_visibility: 'public',
    ref,
    sha: commit,
    workflow: 'release',
    workflow_ref: own,
    workflow_sha: commit,
    job_workflow_ref: called ?? own,
    job_workflow_sha: commit,
    event_name: 'push',
    runner_environment: 'github-hosted',
    run_id: '7',
    run_attempt: '1',
  };
}
