/** What every test of signatures starts with: a private Sigstore, a key pair, gantry, and plugins to sign. */
import { join } from 'node:path';
import type { Cleanup } from '@gantry/testkit';
import { cosignKeyPair, type Expected, type SignatureShape, type Signer } from './cosign.ts';
import { type Gantry, gantry } from './gantry.ts';
import { EMAIL_ISSUER } from './oidc-issuer.ts';
import { script } from './plugins.ts';
import { type PrivateSigstore, type PrivateSigstoreOptions, startPrivateSigstore } from './private-sigstore.ts';
import { type Outcome, temporaryDirectory } from './processes.ts';

/** Who signs, and what a verifier has to ask for. */
export interface Party {
  readonly signer: () => Signer;
  readonly expected: Expected;
}

/** The world of one test file. */
export interface SigningWorld {
  readonly directory: string;
  readonly sigstore: PrivateSigstore;
  readonly gantry: Gantry;
  /** Signs with a key that cosign generated. */
  readonly keyed: Party;
  /** Signs with certificates for alice@example.com. */
  readonly keyless: Party;
  /** Pushes a new plugin that says `says`; gives `REPOSITORY@DIGEST`. */
  push(repository: string, says?: string): Promise<string>;
  /** `gantry verify`, asked as a signature of that shape demands. */
  verify(shape: SignatureShape, expected: Expected, reference: string, flags?: readonly string[]): Promise<Outcome>;
}

/** Starts it; everything ends with the test. */
export async function signingWorld(t: Cleanup, options: PrivateSigstoreOptions = {}): Promise<SigningWorld> {
  const directory = await temporaryDirectory(t);
  const sigstore = await startPrivateSigstore(t, join(directory, 'sigstore'), options);
  const g = await gantry(t);
  g.env['COSIGN_PASSWORD'] = '';
  const { key, pub } = await cosignKeyPair('cosign3', join(directory, 'release'));
  return {
    directory,
    sigstore,
    gantry: g,
    keyed: { signer: () => ({ key }), expected: { key: pub } },
    keyless: {
      // A token for each signature, as in life: they are good for minutes.
      signer: () => ({ token: sigstore.issuer.emailToken('alice@example.com') }),
      expected: { identity: 'alice@example.com', issuer: EMAIL_ISSUER },
    },
    push: async (repository, says = repository) => {
      const { digest } = await g.json(['push', `${repository}:1`, await script(directory, 'plugin', says)]);
      return `${repository}@${digest}`;
    },
    verify: (shape, expected, reference, flags = []) =>
      g.run(['verify', ...gantryVerifyFlags(sigstore, shape, expected), ...flags, '--json', reference]),
  };
}

/** Flags of `gantry verify` for a signature of that shape. */
export function gantryVerifyFlags(
  { trustedRoot }: PrivateSigstore,
  { log }: SignatureShape,
  expected: Expected,
): string[] {
  const trust = ['--trusted-root', trustedRoot];
  if ('key' in expected) return ['--key', expected.key, ...(log === 'none' ? [] : [...trust, '--log', 'required'])];
  const { identity, issuer } = expected;
  const time = log === 'none' ? ['--log', 'none', '--timestamp', 'tsa'] : [];
  return ['--certificate-identity', identity, '--certificate-oidc-issuer', issuer, ...trust, ...time];
}
