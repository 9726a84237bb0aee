import { sign, verify } from 'node:crypto';
import { GITHUB_ISSUER, type GithubRun } from './github-identity.ts';
import type { LabKeyPair } from './keys.ts';

/** Whom an identity token is for. */
export type TokenSubject =
  | { readonly email: string; readonly issuer?: string }
  /** A run on GitHub Actions. */
  | { readonly github: GithubRun };

/** What is unusual about a token. */
export interface TokenOptions {
  /** Seconds from now. Default 300. */
  readonly expiresIn?: number;
  /** Default `sigstore`. */
  readonly audience?: string;
  /** Further claims, or other ones. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** The claims of a token. */
export type TokenClaims = Readonly<Record<string, unknown>>;

/** An OpenID Connect identity token (JWT, ES256). */
export function issueToken(key: LabKeyPair, now: number, subject: TokenSubject, options: TokenOptions = {}): string {
  const seconds = Math.floor(now / 1000);
  const claims = {
    aud: options.audience ?? 'sigstore',
    iat: seconds,
    nbf: seconds - 5,
    exp: seconds + (options.expiresIn ?? 300),
    ...('email' in subject ? emailClaims(subject) : githubClaims(subject.github)),
    ...options.claims,
  };
  const signed = [{ alg: 'ES256', typ: 'JWT' }, claims].map((part) => base64url(JSON.stringify(part))).join('.');
  const signature = sign('sha256', Buffer.from(signed), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The claims of a token that the key signed and that has not expired, for `sigstore`; undefined for any other. */
export function readToken(key: LabKeyPair, now: number, token: string): TokenClaims | undefined {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const how = { key: key.publicKey, dsaEncoding: 'ieee-p1363' } as const;
  const good = verify('sha256', Buffer.from(`${header}.${payload}`), how, Buffer.from(signature, 'base64url'));
  if (!good) return undefined;
  const claims: TokenClaims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return claims['aud'] === 'sigstore' && Number(claims['exp']) * 1000 > now ? claims : undefined;
}

function emailClaims({ email, issuer }: Extract<TokenSubject, { email: string }>): object {
  return { iss: issuer ?? 'https://issuer.example', sub: `user-${email}`, email, email_verified: true };
}

function githubClaims(run: GithubRun): object {
  const { repository = 'acme/plug', ref = 'refs/tags/v1.0.0' } = run;
  const commit = run.commit ?? 'a'.repeat(40);
  const workflow = `${repository}/${run.workflow ?? '.github/workflows/release.yml'}@${ref}`;
  return {
    iss: GITHUB_ISSUER,
    sub: `repo:${repository}:ref:${ref}`,
    repository,
    repository_owner: repository.split('/')[0],
    ref,
    sha: commit,
    workflow: 'release',
    workflow_ref: workflow,
    workflow_sha: commit,
    job_workflow_ref: run.calledWorkflow ?? workflow,
    job_workflow_sha: commit,
    event_name: run.trigger ?? 'push',
    runner_environment: run.environment ?? 'github-hosted',
  };
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
