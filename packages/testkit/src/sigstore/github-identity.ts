import type { CertificateRequest } from './certificate.ts';

/** A run of a workflow on GitHub. */
export interface GithubRun {
  /** `owner/name`. Default `acme/plug`. */
  readonly repository?: string;
  /** Default `refs/tags/v1.0.0`. */
  readonly ref?: string;
  /** The workflow that was started. Default `.github/workflows/release.yml`. */
  readonly workflow?: string;
  /** The reusable workflow that signs, `owner/name/path@ref`. Default: the workflow that was started. */
  readonly calledWorkflow?: string;
  readonly commit?: string;
  readonly environment?: 'github-hosted' | 'self-hosted';
  readonly trigger?: string;
}

/** Issuer of the tokens of GitHub Actions. */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

/** A certificate as Fulcio issues it to GitHub Actions: the subject is the workflow that signs, which may be a called one. */
export function githubIdentity(run: GithubRun = {}): CertificateRequest {
  const repository = run.repository ?? 'acme/plug';
  const [owner = ''] = repository.split('/');
  const ref = run.ref ?? 'refs/tags/v1.0.0';
  const commit = run.commit ?? 'a'.repeat(40);
  const trigger = run.trigger ?? 'push';
  const started = `${repository}/${run.workflow ?? '.github/workflows/release.yml'}@${ref}`;
  const signer = `https://github.com/${run.calledWorkflow ?? started}`;
  return {
    san: { uri: signer },
    issuer: GITHUB_ISSUER,
    claims: {
      workflowTrigger: trigger,
      workflowSha: commit,
      workflowName: 'release',
      workflowRepository: repository,
      workflowRef: ref,
      buildSigner: signer,
      buildSignerDigest: commit,
      runnerEnvironment: run.environment ?? 'github-hosted',
      sourceRepository: `https://github.com/${repository}`,
      sourceRepositoryDigest: commit,
      ref,
      sourceRepositoryId: '1',
      sourceRepositoryOwner: `https://github.com/${owner}`,
      sourceRepositoryOwnerId: '2',
      buildConfig: `https://github.com/${started}`,
      buildConfigDigest: commit,
      buildTrigger: trigger,
      runInvocation: `https://github.com/${repository}/actions/runs/7/attempts/1`,
      sourceRepositoryVisibility: 'public',
    },
  };
}
