/** Certificates of nobody's authority, made by openssl. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run, temporaryDirectory } from './processes.ts';

/** PEM files of a certificate and its key. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate that vouches for itself, good for one `subjectAltName` such as `IP:127.0.0.1`. */
export async function selfSigned(t: TestContext, name: string, subjectAltName: string): Promise<Certificate> {
  const directory = await temporaryDirectory(t);
  const key = join(directory, 'own.key');
  const certificate = join(directory, 'own.cert');
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${subjectAltName}`, '-keyout', key, '-out', certificate],
  ]);
  return { certificate, key };
}
