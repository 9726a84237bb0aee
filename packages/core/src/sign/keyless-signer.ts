import { generateKeyPairSync } from 'node:crypto';
import { digestOf, type Op, type Transport } from '@gantry/oci';
import { chooseAuthority } from './choose-services.ts';
import { requestCertificate } from './fulcio.ts';
import type { IdentityToken } from './identity-token.ts';
import { keyAlgorithm, signBytes } from './key-algorithm.ts';
import type { Signer } from './signer.ts';
import type { SigningConfig } from './signing-config.ts';
import { writePem } from './write-pem.ts';

/** What {@link openKeylessSigner} needs. */
export interface KeylessOptions {
  readonly token: IdentityToken;
  readonly config: SigningConfig;
  readonly transport: Transport;
}

/** A signer whose key nobody keeps. */
export interface KeylessSigner extends Signer {
  readonly certificate: Uint8Array;
  /** Who the certificate says that the signer is. */
  readonly identity: string;
  readonly issuer: string;
}

/**
 * Makes a P-256 key that lives in memory alone, and has Fulcio certify it for whoever the token names. The certificate is
 * good for minutes: a signer is opened for one operation. Throws `CONFIG_SIGNING_SERVICE`, `SIGNATURE_SERVICE`,
 * `REGISTRY_*`.
 */
export async function openKeylessSigner(options: KeylessOptions, op?: Op): Promise<KeylessSigner> {
  const { token, config, transport } = options;
  const authority = chooseAuthority(config, transport.environment);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = keyAlgorithm(privateKey, 'the key of this operation');
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const key = {
    publicKey: writePem('PUBLIC KEY', spki),
    keyId: digestOf(spki),
    algorithm,
    sign: async (bytes: Uint8Array) => signBytes(privateKey, algorithm, bytes),
  };
  const { der, leaf } = await requestCertificate(transport, authority, key, token, op);
  const { identity, issuer } = leaf.identity;
  return { ...key, certificate: der, identity, issuer };
}
