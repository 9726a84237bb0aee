import { fileURLToPath, pathToFileURL } from 'node:url';
import { coreError, errorCode, readNamedFile, systemFileSystem } from '@gantry/core';
import {
  type Digest,
  digestAlgorithm,
  digestHex,
  type Environment,
  type Op,
  openTransport,
  type RegistryReference,
  type RegistrySettings,
  type Transport,
} from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import { containersFault } from './containers-fault.ts';
import type { ContainersPlaces } from './containers-places.ts';
import { type LookasideConf, loadLookasideConf, lookasideOf } from './registries-d.ts';

/** A signature as it lies in a lookaside; nothing of it has been believed yet. */
export interface LookasideSignature {
  readonly bytes: Uint8Array;
  /** URL or path, for messages. */
  readonly from: string;
}

/** Options of {@link openLookasides}. */
export interface LookasideOptions {
  readonly places: ContainersPlaces;
  readonly environment: Environment;
  readonly settings: Readonly<Record<string, RegistrySettings>>;
}

/** Where simple signing keeps signatures: web servers and directories that registries.d names. */
export interface Lookasides extends AsyncDisposable {
  /** The lookaside of each name of an image, each once, with its URL. Throws `CONFIG_CONTAINERS`. */
  of(names: readonly RegistryReference[], op?: Op): readonly Lookaside[];
}

/** The signatures of one repository. */
export interface Lookaside {
  readonly url: string;
  /**
   * Signatures of a manifest, one request or file each, until there is none of the next number; what is not read is not asked
   * for. Throws `REGISTRY_*` where it cannot be asked, `SIGNATURE_LIMIT`.
   */
  signatures(digest: Digest, op?: Op): AsyncGenerator<LookasideSignature, void, undefined>;
}

/** Opens them. registries.d is read when the first is asked for; credentials go to none of them. */
export function openLookasides(options: LookasideOptions): Lookasides {
  const transports = new Map<string, Transport>();
  let conf: LookasideConf | undefined;

  const transportOf = ({ protocol, host }: URL): Transport => {
    const key = protocol === 'http:' ? host : '';
    const { settings, environment } = options;
    const registries = key === '' ? settings : { ...settings, [host]: { ...settings[host], plainHttp: true } };
    const transport = transports.get(key) ?? openTransport({ registries, environment });
    transports.set(key, transport);
    return transport;
  };
  const read = (url: URL, op?: Op): Promise<Uint8Array | undefined> | Uint8Array | undefined =>
    url.protocol === 'file:' ? readFrom(fileURLToPath(url), op) : download(url, transportOf(url), op);

  return {
    of: (names, op) => {
      conf ??= loadLookasideConf(options.places, op);
      const found = new Map<string, Lookaside>();
      for (const name of names) {
        const url = repositoryUrl(name, conf, options.places);
        if (!found.has(url.href))
          found.set(url.href, { url: url.href, signatures: (...of) => numbered(url, read, ...of) });
      }
      return [...found.values()];
    },
    [Symbol.asyncDispose]: async () => {
      for (const transport of transports.values()) await transport[Symbol.asyncDispose]();
    },
  };
}

function repositoryUrl(name: RegistryReference, conf: LookasideConf, places: ContainersPlaces): URL {
  const configured = lookasideOf(conf, name);
  const url = configured === undefined ? pathToFileURL(places.signatures) : URL.parse(configured.url);
  if (url === null || !['https:', 'http:', 'file:'].includes(url.protocol) || url.username + url.password !== '') {
    throw containersFault(
      configured?.file ?? '',
      `the lookaside of ${name.registry}/${name.repository} is no https, http or file URL without a password`,
    );
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${name.repository}`;
  return url;
}

type Reader = (url: URL, op?: Op) => Promise<Uint8Array | undefined> | Uint8Array | undefined;

async function* numbered(
  repository: URL,
  read: Reader,
  digest: Digest,
  op?: Op,
): AsyncGenerator<LookasideSignature, void, undefined> {
  const most = backstageLimits(op, 'lookasideSignatures');
  for (let number = 1; ; number += 1) {
    const url = new URL(repository);
    url.pathname += `@${digestAlgorithm(digest)}=${digestHex(digest)}/signature-${number}`;
    const bytes = await read(url, op);
    if (bytes === undefined) return;
    if (number > most)
      throw tooMuch(`${digest} has more than ${most} signatures at ${repository.href}`, 'lookasideSignatures', most);
    yield { bytes, from: url.href };
  }
}

function readFrom(path: string, op?: Op): Uint8Array | undefined {
  const most = backstageLimits(op, 'lookasideSignatureBytes');
  try {
    return readNamedFile(systemFileSystem, path, most);
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (cause instanceof RangeError) throw tooMuch(`${path}: ${cause.message}`, 'lookasideSignatureBytes', most);
    throw containersFault(path, `the signature cannot be read: ${code}`, { cause });
  }
}

async function download(url: URL, transport: Transport, op?: Op): Promise<Uint8Array | undefined> {
  const request = {
    method: 'GET',
    url,
    registry: url.host,
    access: [],
    authorization: null,
    accept: [200, 404],
  } as const;
  const response = await transport.request(request, op);
  if (response.status === 200) return response.bytes(backstageLimits(op, 'lookasideSignatureBytes'));
  await response.discard();
  return undefined;
}

function tooMuch(message: string, limit: string, most: number): Error {
  return coreError('SIGNATURE_LIMIT', message, { details: { limit, expected: most } });
}
