import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type LabServices, type SigstoreLab, sigstoreLab } from '@gantry/testkit';
import { type Place, place } from './place.fixture.ts';
import { gantryJson } from './run-main.fixture.ts';

/** Who signs on GitHub Actions in the lab. */
export const IDENTITY = 'https://github.com/acme/plug/.github/workflows/release.yml@refs/tags/v1.0.0';
export const ISSUER = 'https://token.actions.githubusercontent.com';

/** Flags of `verify` for that signer and the trust root of {@link keylessPlace}. */
export const BY_IDENTITY: readonly string[] = [
  '--certificate-identity',
  IDENTITY,
  '--certificate-oidc-issuer',
  ISSUER,
  '--trusted-root',
  'root.json',
];

/** A place with a key pair. */
export interface SigningPlace extends Place {
  /** Digest of the public key in `gantry.pub`; the password of `gantry.key` is empty. */
  readonly id: string;
}

/** A place with a Sigstore of its own: trust root `root.json`, services `services.json`. */
export interface KeylessPlace extends SigningPlace {
  readonly lab: SigstoreLab;
  readonly services: LabServices;
  /** Flags of `sign` for these services. */
  readonly flags: readonly string[];
  readonly token: string;
}

/** A place with a published plugin and a key pair. */
export async function signingPlace(t: TestContext): Promise<SigningPlace> {
  const where = await place(t);
  const options = { ...where.options, env: { ...where.options.env, COSIGN_PASSWORD: '' } };
  const { id } = await gantryJson<{ id: string }>(['key', 'generate'], options);
  return { ...where, options, id };
}

/** The same with a Sigstore that has a Rekor of one version, or none. */
export async function keylessPlace(t: TestContext, rekor: 1 | 2 | 'none' = 2): Promise<KeylessPlace> {
  const where = await signingPlace(t);
  const lab = sigstoreLab();
  const services = await lab.serve(t);
  await writeFile(join(where.cwd, 'root.json'), JSON.stringify(lab.trustedRoot));
  await writeFile(join(where.cwd, 'services.json'), JSON.stringify(services.signingConfig({ rekor })));
  const flags = ['--signing-config', 'services.json', '--trusted-root', 'root.json'];
  return { ...where, lab, services, flags, token: lab.token({ github: {} }) };
}
