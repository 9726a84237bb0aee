import { type AddressKind, escapeRemote, isGantryError, type Op, ociError } from '@gantry/oci';
import { backstageLimits } from '../backstage-limits.ts';
import type { NpmConfiguration } from './npm-configuration.ts';
import { credentialOf, registryOf } from './npm-credentials.ts';
import type { NpmNetwork } from './npm-network.ts';
import type { RegistryPackage } from './package-source.ts';

/** Abbreviated documents, as npm asks for them; a registry that has none answers with the whole one. */
const ABBREVIATED = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*';
const NPMJS = 'registry.npmjs.org';

/** The tarball that a registry names for a specification. */
export interface RegistryTarball {
  readonly url: URL;
  readonly registry: URL;
  /** The kind of the address that the registry was reached at. */
  readonly zone: AddressKind;
  /** The registry's own integrity: hashes with their algorithm, `sha1` of old packages included. */
  readonly integrity: string | undefined;
  /** The version that was chosen. */
  readonly version: string;
}

/**
 * Asks a registry for the versions of a package, once, and has npm's own library choose. The document comes through the
 * transport: with the registry's credential, which no redirect takes elsewhere.
 * Throws what the transport throws; `REGISTRY_NOT_FOUND` when no version fits; `REGISTRY_PROTOCOL` when the document is none.
 */
export async function findTarball(
  wanted: RegistryPackage,
  configuration: NpmConfiguration,
  network: NpmNetwork,
  op?: Op,
): Promise<RegistryTarball> {
  const { flat } = configuration;
  const registry = registryOf(flat, wanted.scope);
  const transport = await network.transportFor(registry);
  // As npm: the slash of a scope is a part of the name, not of the path.
  const url = new URL(wanted.name.replace('/', '%2f'), registry);
  const asked = {
    method: 'GET',
    url,
    registry: registry.host,
    access: [],
    accept: [200],
    authorization: credentialOf(flat, url, registry)?.authorization ?? null,
    headers: { accept: flat['before'] == null ? ABBREVIATED : 'application/json' },
  } as const;
  const answer = await transport.request(asked, op).catch((error: unknown) => {
    throw absent(wanted, registry, error);
  });
  const text = new TextDecoder().decode(await answer.bytes(backstageLimits(op, 'packageDocumentBytes')));
  const dist = await chooseVersion(wanted, text, configuration);
  const tarball = typeof dist.tarball === 'string' ? URL.parse(dist.tarball) : null;
  if (tarball === null || !['http:', 'https:'].includes(tarball.protocol)) {
    throw malformed(wanted, 'it names no http or https URL of a tarball');
  }
  return {
    url: placed(tarball, registry, flat),
    registry,
    zone: answer.zone,
    integrity: dist.integrity,
    version: dist.version,
  };
}

async function chooseVersion(
  wanted: RegistryPackage,
  text: string,
  { flat }: NpmConfiguration,
): Promise<{ readonly tarball: unknown; readonly integrity: string | undefined; readonly version: string }> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformed(wanted, 'it is not JSON');
  }
  if (document === null || typeof document !== 'object' || Array.isArray(document)) {
    throw malformed(wanted, 'it is not an object');
  }
  const { default: pickManifest } = await import('npm-pick-manifest');
  try {
    const { dist = {}, version } = pickManifest(document, wanted.range, flat);
    if (typeof version !== 'string' || typeof dist !== 'object' || dist === null) {
      throw malformed(wanted, 'its versions are none');
    }
    const { tarball, integrity, shasum } = dist as { tarball?: unknown; integrity?: unknown; shasum?: unknown };
    return { tarball, integrity: typeof integrity === 'string' ? integrity : oldIntegrity(shasum), version };
  } catch (error) {
    if (isGantryError(error)) throw error;
    const code = (error as { code?: unknown }).code;
    const why = error instanceof Error ? escapeRemote(error.message) : 'unknown';
    if (code !== 'ETARGET' && code !== 'ENOVERSIONS' && code !== 'E403') throw malformed(wanted, why, error);
    throw ociError('REGISTRY_NOT_FOUND', `${escapeRemote(wanted.spec)}: ${why}`, {
      details: { package: escapeRemote(wanted.spec) },
      hint: 'check the version or the tag',
    });
  }
}

/** What documents from before integrity have: a sha1 in hexadecimal. */
function oldIntegrity(shasum: unknown): string | undefined {
  if (typeof shasum !== 'string' || !/^[0-9a-f]{40}$/i.test(shasum)) return undefined;
  return `sha1-${Buffer.from(shasum, 'hex').toString('base64')}`;
}

/**
 * Where the tarball is taken from: documents of mirrors name npmjs.org and mean the mirror (`replace-registry-host`), and
 * registries behind a proxy name themselves without TLS.
 */
function placed(tarball: URL, registry: URL, flat: NpmConfiguration['flat']): URL {
  const configured = flat['replaceRegistryHost'] ?? 'npmjs';
  const host = configured === 'npmjs' ? NPMJS : configured;
  if (host !== 'never' && (host === 'always' || host === tarball.host)) return new URL(tarball.pathname, registry);
  if (tarball.hostname === registry.hostname && tarball.port === registry.port) tarball.protocol = registry.protocol;
  return tarball;
}

/** Registries answer 404 to whoever may not see a package, too. */
function absent(wanted: RegistryPackage, registry: URL, error: unknown): unknown {
  if (!isGantryError(error)) return error;
  if (error.code === 'REGISTRY_UNAUTHORIZED') {
    const hint = 'put //HOST/:_authToken=TOKEN for this registry into .npmrc';
    return ociError('REGISTRY_UNAUTHORIZED', error.message, { details: error.details, cause: error, hint });
  }
  if (error.code !== 'REGISTRY_NOT_FOUND') return error;
  const name = escapeRemote(wanted.name);
  return ociError(
    'REGISTRY_NOT_FOUND',
    `${registry.host} has no package ${name}, or does not show it (${error.message})`,
    {
      details: { ...error.details, package: escapeRemote(wanted.spec) },
      cause: error,
      hint: 'check the name; a package of another registry needs @scope:registry=URL and //HOST/:_authToken=TOKEN in .npmrc',
    },
  );
}

function malformed(wanted: RegistryPackage, why: string, cause?: unknown): Error {
  return ociError('REGISTRY_PROTOCOL', `the document of the package ${escapeRemote(wanted.name)}: ${why}`, {
    cause,
    hint: 'check that the URL in .npmrc is that of an npm registry',
  });
}
