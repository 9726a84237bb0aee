/** Keys and certificates of a private Sigstore, made by openssl. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './processes.ts';

/** A private key, and what is published of it: a certificate chain, leaf first, or a public key. */
export interface Published {
  readonly key: string;
  readonly published: string;
}

/** PEM files of every service. */
export interface SigstoreKeys {
  readonly fulcio: Published & { readonly root: string };
  readonly tsa: Published & { readonly root: string };
  readonly ct: Published;
  readonly rekor1: Published;
  readonly rekor2: Published;
}

const DAYS = ['-days', '3650'];

/** Makes them all: Fulcio and TSA with a root of their own, Rekor v2 with Ed25519, everything else with ECDSA. */
export async function makeSigstoreKeys(directory: string): Promise<SigstoreKeys> {
  const [fulcio, tsa, ct, rekor1, rekor2] = await Promise.all([
    certified(directory, 'fulcio', 'P-384', [
      'basicConstraints=critical,CA:TRUE,pathlen:0',
      'keyUsage=critical,keyCertSign,cRLSign',
      'extendedKeyUsage=codeSigning',
    ]),
    certified(directory, 'tsa', 'P-256', [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=critical,timeStamping',
    ]),
    keyPair(directory, 'ct', 'P-256'),
    keyPair(directory, 'rekor1', 'P-256'),
    keyPair(directory, 'rekor2', 'ed25519'),
  ]);
  return { fulcio, tsa, ct, rekor1, rekor2 };
}

async function privateKey(path: string, curve: string): Promise<string> {
  const type = curve === 'ed25519' ? ['ed25519'] : ['EC', '-pkeyopt', `ec_paramgen_curve:${curve}`];
  await run('openssl', ['genpkey', '-algorithm', ...type, '-out', path]);
  return path;
}

async function keyPair(directory: string, name: string, curve: string): Promise<Published> {
  const key = await privateKey(join(directory, `${name}.key`), curve);
  const published = join(directory, `${name}.pub`);
  await run('openssl', ['pkey', '-in', key, '-pubout', '-out', published]);
  return { key, published };
}

async function certified(
  directory: string,
  name: string,
  curve: string,
  extensions: readonly string[],
): Promise<Published & { root: string }> {
  const path = (suffix: string): string => join(directory, `${name}${suffix}`);
  const rootKey = await privateKey(path('-root.key'), 'P-384');
  const root = path('-root.pem');
  await run('openssl', [
    ...['req', '-x509', '-new', '-key', rootKey, '-sha384', ...DAYS, '-subj', `/O=lab/CN=lab ${name} root`],
    ...['-addext', 'basicConstraints=critical,CA:TRUE,pathlen:1'],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-out', root],
  ]);
  const key = await privateKey(path('.key'), curve);
  await writeFile(
    path('.ext'),
    [...extensions, 'subjectKeyIdentifier=hash', 'authorityKeyIdentifier=keyid:always', ''].join('\n'),
  );
  await run('openssl', ['req', '-new', '-key', key, '-subj', `/O=lab/CN=lab ${name}`, '-out', path('.csr')]);
  const certificate = await run('openssl', [
    ...['x509', '-req', '-in', path('.csr'), '-CA', root, '-CAkey', rootKey, '-CAcreateserial', '-sha384', ...DAYS],
    ...['-extfile', path('.ext')],
  ]);
  const published = path('-chain.pem');
  await writeFile(published, certificate + (await run('cat', [root])));
  return { key, published, root };
}
