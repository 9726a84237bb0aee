/** Private keys of every kind, made by openssl. */
import { join } from 'node:path';
import { run } from './processes.ts';
import type { KeyKind } from './signed-cases.ts';

const KINDS: Readonly<Record<KeyKind, readonly string[]>> = {
  p256: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  p521: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  ed25519: ['ED25519'],
  rsa2048: ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  rsa3072: ['RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
  rsa4096: ['RSA', '-pkeyopt', 'rsa_keygen_bits:4096'],
};

/** Writes a private key of that kind, PKCS#8 in PEM; gives its path. */
export async function privateKeyFile(directory: string, name: string, kind: KeyKind): Promise<string> {
  const path = join(directory, `${name}.pem`);
  await run('openssl', ['genpkey', '-algorithm', ...KINDS[kind], '-out', path]);
  return path;
}
