import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Environment } from '../environment.ts';
import { ociError } from '../oci-errors.ts';
import { ociLimits } from '../oci-limits.ts';
import { readSmallFile } from '../small-file.ts';
import { hostCertificates } from './certificate-directories.ts';
import type { Peer } from './connection-pool.ts';
import type { SettingsLookup } from './origin-policy.ts';
import { defaultAuthorities } from './system-roots.ts';
import type { RegistrySettings } from './transport.ts';

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/**
 * Makes the TLS context of each peer: whom to trust and, on the registry's own origin only, which certificate to show.
 * Hosts that a registry names are held against its `caFile` too: what they deliver is checked by digest.
 */
export class TlsTrust {
  readonly #settingsOf: SettingsLookup;
  readonly #environment: Environment;
  /** A context goes with the peer it was made for: a registry can name any number of hosts. */
  readonly #contexts = new WeakMap<Peer, Promise<SecureContext>>();
  #common: Promise<SecureContext> | undefined;
  #defaults: Promise<string[]> | undefined;

  constructor(environment: Environment, settingsOf: SettingsLookup) {
    this.#environment = environment;
    this.#settingsOf = settingsOf;
  }

  /** Throws `REGISTRY_TLS` when a file of the settings cannot be read or used. */
  contextFor(peer: Peer): Promise<SecureContext> {
    let context = this.#contexts.get(peer);
    if (context === undefined) {
      context = this.#optionsFor(peer).then((own) => (own.cert || own.ca?.length ? this.#build(own) : this.common()));
      this.#contexts.set(peer, context);
      // A file may be there, or whole, the next time.
      context.catch(() => this.#contexts.delete(peer));
    }
    return context;
  }

  /** Whether the settings of the registry give up certificates; what a registry names is always held to its own. */
  takesAny(peer: Peer): boolean {
    return peer.own && this.#settingsOf(peer.registry).anyCertificate === true;
  }

  /** The default authorities and no client certificate: for proxies, and for peers without anything of their own. */
  common(): Promise<SecureContext> {
    this.#common ??= this.#build({});
    return this.#common;
  }

  async #build(own: SecureContextOptions): Promise<SecureContext> {
    this.#defaults ??= defaultAuthorities(this.#environment.env);
    const ca = [...(await this.#defaults), ...((own.ca ?? []) as Buffer[])];
    try {
      return createSecureContext({ ...own, ca, minVersion: 'TLSv1.2' });
    } catch (cause) {
      throw ociError('REGISTRY_TLS', 'a configured certificate or key cannot be used', {
        details: { reason: 'BAD_CERTIFICATE_FILE' },
        cause,
        hint: 'check that caFile, clientCertFile and clientKeyFile are PEM and that certificate and key belong together',
      });
    }
  }

  async #optionsFor(peer: Peer): Promise<SecureContextOptions> {
    const names = [
      ...new Set([...(peer.own ? [peer.registry] : []), peer.authority, peer.origin.slice('https://'.length)]),
    ];
    const settings = this.#settingsOf(peer.registry);
    const found = await hostCertificates(names, this.#environment.env);
    const caFiles = [settings.caFile, this.#settingsOf(peer.authority).caFile, ...found.authorities];
    const ca = await Promise.all([...new Set(caFiles)].filter((file) => file !== undefined).map(readAuthorities));
    if (!peer.own) return { ca };
    return { ca, ...(await clientCertificate(settings, found.client)) };
  }
}

async function clientCertificate(
  settings: RegistrySettings,
  found: { readonly certificate: string; readonly key: string } | undefined,
): Promise<SecureContextOptions> {
  const { clientCertFile = found?.certificate, clientKeyFile = found?.key } = settings;
  if (clientCertFile === undefined && clientKeyFile === undefined) return {};
  if (clientCertFile === undefined || clientKeyFile === undefined) {
    throw ociError('REGISTRY_TLS', 'clientCertFile and clientKeyFile belong together: only one of them is set', {
      details: { reason: 'BAD_CERTIFICATE_FILE' },
      hint: 'set both, or none',
    });
  }
  return { cert: await readPem(clientCertFile), key: await readPem(clientKeyFile) };
}

/** OpenSSL passes over what it cannot read in a list of authorities; a file that somebody configured must be used. */
async function readAuthorities(file: string): Promise<Buffer> {
  const bytes = await readPem(file);
  const blocks = bytes.toString('latin1').match(CERTIFICATE) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
    if (blocks.length > 0) return bytes;
  } catch {
    // The same error as for a file without any.
  }
  throw ociError('REGISTRY_TLS', `${file} does not hold certificates in PEM`, {
    details: { file, reason: 'BAD_CERTIFICATE_FILE' },
    hint: 'convert it to PEM, or name the right file',
  });
}

async function readPem(file: string): Promise<Buffer> {
  let cause: unknown;
  try {
    const bytes = await readSmallFile(file, ociLimits(undefined, 'certificateFileBytes'));
    if (bytes !== undefined) return bytes;
  } catch (error) {
    cause = error;
  }
  throw ociError('REGISTRY_TLS', `cannot read the certificate file ${file}`, {
    details: { file, reason: 'BAD_CERTIFICATE_FILE' },
    cause,
    hint: 'check the path and its permissions',
  });
}
