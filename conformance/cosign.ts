/** The real cosign 2 and 3: every way in which they sign and verify against a private Sigstore. */

import { type PrivateSigstore, SIGSTORE_URLS, type SigstoreMaterial } from './private-sigstore.ts';
import { type Outcome, outcomeOf, peer, run } from './processes.ts';

/** Which of the two. */
export type Cosign = 'cosign2' | 'cosign3';

/** What a signature looks like, whoever makes it. */
export interface SignatureShape {
  /**
   * A Sigstore bundle that refers to the artifact; simple signing under the tag `sha256-HEX.sig`; or simple signing that
   * refers to the artifact (cosign 2 with `--registry-referrers-mode=oci-1-1`).
   */
  readonly layout: 'bundle' | 'tag' | 'referrer';
  /** The transparency log that it is entered in. */
  readonly log: 'rekor2' | 'rekor1' | 'none';
  /** Whether the timestamp authority stamped it. Bundles with a log entry always are, key or not. */
  readonly stamped: boolean;
}

/** Who signs: a private key file, or whom an identity token is for. */
export type Signer = { readonly key: string } | { readonly token: string };

/** Whose signature is expected: of a public key file, or of an identity. */
export type Expected = { readonly key: string } | { readonly identity: string; readonly issuer: string };

const FLAGS = ['--allow-http-registry', '--allow-insecure-registry'];

/** What a call of cosign has beside the usual. */
export interface CosignOptions {
  /** `-a k=v`, `--recursive`, a predicate. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Attests instead of signing. */
  readonly verb?: 'sign' | 'attest';
}

/** Signs `reference` (by digest) in one shape, or attests to it; throws with what cosign says when it fails. */
export async function cosignSign(
  cosign: Cosign,
  sigstore: PrivateSigstore,
  shape: SignatureShape,
  signer: Signer,
  reference: string,
  { flags = [], env, verb = 'sign' }: CosignOptions = {},
): Promise<void> {
  const who = 'key' in signer ? ['--key', signer.key] : ['--identity-token', signer.token];
  const how = shape.layout === 'bundle' ? bundleFlags(cosign, sigstore, shape) : tagFlags(cosign, sigstore, shape);
  const args = [verb, ...who, ...how, '-y', ...FLAGS, ...flags, reference];
  await run(peer(cosign), args, { env: { ...environment(sigstore, shape), ...env } });
}

function bundleFlags(cosign: Cosign, sigstore: PrivateSigstore, { log }: SignatureShape): string[] {
  const { trustedRoot, signingConfig, signingConfigRekor1, signingConfigEmpty } = sigstore;
  const config = { rekor2: signingConfig, rekor1: signingConfigRekor1, none: signingConfigEmpty }[log];
  return [
    ...(cosign === 'cosign2' ? ['--new-bundle-format'] : []),
    '--signing-config',
    config,
    '--trusted-root',
    trustedRoot,
  ];
}

function tagFlags(cosign: Cosign, sigstore: PrivateSigstore, { layout, log, stamped }: SignatureShape): string[] {
  const { fulcio, rekor1, tsa } = SIGSTORE_URLS;
  const old = ['--new-bundle-format=false', '--use-signing-config=false', '--trusted-root', sigstore.trustedRoot];
  return [
    ...(cosign === 'cosign3' ? old : []),
    ...['--fulcio-url', fulcio, ...(log === 'none' ? ['--tlog-upload=false'] : ['--rekor-url', rekor1])],
    ...(stamped ? ['--timestamp-server-url', tsa] : []),
    ...(layout === 'referrer' ? ['--registry-referrers-mode=oci-1-1'] : []),
  ];
}

/** Asks cosign whether it accepts a signature of that shape; never throws. */
export function cosignVerify(
  cosign: Cosign,
  sigstore: SigstoreMaterial,
  shape: SignatureShape,
  expected: Expected,
  reference: string,
  { flags = [], env }: Omit<CosignOptions, 'verb'> = {},
): Promise<Outcome> {
  const who =
    'key' in expected
      ? ['--key', expected.key]
      : ['--certificate-identity', expected.identity, '--certificate-oidc-issuer', expected.issuer];
  const how = [
    ...(cosign === 'cosign3' || shape.layout === 'bundle' ? ['--trusted-root', sigstore.trustedRoot] : []),
    ...(cosign === 'cosign2' && shape.layout === 'bundle' ? ['--new-bundle-format'] : []),
    ...(shape.log === 'none' ? ['--insecure-ignore-tlog'] : []),
    ...(shape.stamped ? ['--use-signed-timestamps'] : []),
    ...(shape.layout === 'referrer' ? ['--experimental-oci11'] : []),
  ];
  const args = ['verify', ...who, ...how, ...FLAGS, ...flags, reference];
  return outcomeOf(peer(cosign), args, { env: { ...environment(sigstore, shape), ...env } });
}

/** cosign 2 takes the parts of a trust root from files that environment variables name. */
function environment({ keys, directory }: SigstoreMaterial, { layout }: SignatureShape): Record<string, string> {
  return {
    HOME: directory,
    COSIGN_PASSWORD: '',
    SIGSTORE_ROOT_FILE: keys.fulcio.published,
    SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: keys.ct.published,
    SIGSTORE_REKOR_PUBLIC_KEY: keys.rekor1.published,
    SIGSTORE_TSA_CERTIFICATE_FILE: keys.tsa.published,
    ...(layout === 'referrer' && { COSIGN_EXPERIMENTAL: '1' }),
  };
}

/** Encrypts a private key (PKCS#8, PKCS#1 or SEC1 in PEM) with an empty password as cosign's own kind of file. */
export async function cosignImportKey(
  cosign: Cosign,
  pem: string,
  path: string,
): Promise<{ key: string; pub: string }> {
  const args = ['import-key-pair', '--key', pem, '--output-key-prefix', path, '-y'];
  await run(peer(cosign), args, { env: { COSIGN_PASSWORD: '' } });
  return { key: `${path}.key`, pub: `${path}.pub` };
}

/** Makes a key pair of cosign's own kind without password; gives the private and the public file. */
export async function cosignKeyPair(cosign: Cosign, path: string): Promise<{ key: string; pub: string }> {
  await run(peer(cosign), ['generate-key-pair', '--output-key-prefix', path], { env: { COSIGN_PASSWORD: '' } });
  return { key: `${path}.key`, pub: `${path}.pub` };
}
