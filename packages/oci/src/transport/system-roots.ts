import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { getCACertificates, rootCertificates } from 'node:tls';
import type { Environment } from '../environment.ts';
import { ociLimits } from '../oci-limits.ts';
import { readSmallFile } from '../small-file.ts';

/**
 * Every authority that is trusted without a setting: Node's own and `NODE_EXTRA_CA_CERTS`, the system's, those of
 * `SSL_CERT_FILE` and of the directories of `SSL_CERT_DIR`. PEM texts, each once. Files that cannot be read add none.
 */
export async function defaultAuthorities(env: Environment['env']): Promise<string[]> {
  const authorities = new Set(nodeRoots());
  const files: string[] = env['SSL_CERT_FILE'] ? [env['SSL_CERT_FILE']] : [];
  for (const directory of (env['SSL_CERT_DIR'] ?? '').split(':').filter((entry) => entry !== '')) {
    const names = await readdir(directory).catch(() => []);
    files.push(...names.sort().map((name) => join(directory, name)));
  }
  for (const file of files) {
    const text = await readSmallFile(file, ociLimits(undefined, 'certificateFileBytes')).catch(() => undefined);
    if (text?.includes('-----BEGIN CERTIFICATE-----')) authorities.add(text.toString('utf8'));
  }
  return [...authorities];
}

function nodeRoots(): readonly string[] {
  // Absent before Node 22.15 and in other runtimes.
  if (typeof getCACertificates !== 'function') return rootCertificates;
  return [...getCACertificates('default'), ...getCACertificates('system')];
}
