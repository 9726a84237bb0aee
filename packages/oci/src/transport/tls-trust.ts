import { readFile } from 'node:fs/promises';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { ociError } from '../oci-errors.ts';
import type { Peer } from './connection-pool.ts';
import type { SettingsLookup } from './origin-policy.ts';

/** Makes the TLS context of each peer: whom to trust and, on the registry's own origin, which certificate to show. */
export class TlsTrust {
  readonly #settingsOf: SettingsLookup;
  readonly #contexts = new Map<string, Promise<SecureContext>>();

  constructor(settingsOf: SettingsLookup) {
    this.#settingsOf = settingsOf;
  }

  /** Throws `REGISTRY_TLS` when a file of the settings cannot be read or used. */
  contextFor(peer: Peer): Promise<SecureContext> {
    let context = this.#contexts.get(peer.key);
    if (context === undefined) {
      context = this.#build(peer);
      this.#contexts.set(peer.key, context);
    }
    return context;
  }

  async #build(peer: Peer): Promise<SecureContext> {
    const { caFile } = this.#settingsOf(peer.registry);
    const ca = [...rootCertificates];
    if (caFile !== undefined) ca.push(await readPem(caFile));
    return createSecureContext({ ca, minVersion: 'TLSv1.2' });
  }
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw ociError('REGISTRY_TLS', `cannot read the certificate file ${file}`, { details: { file }, cause });
  }
}
