import {
  type CredentialSource,
  dockerCredentials,
  type Environment,
  type Op,
  openRepository,
  openTransport,
  type ReadPlace,
  type RegistryReference,
  type RegistrySettings,
  type Repository,
  type Transport,
} from '@gantry/oci';
import type { ContainersPlaces } from './containers-places.ts';
import { InsecureTransport } from './insecure-transport.ts';
import { loadRegistries } from './load-registries.ts';
import { type PullPlace, pullPlaces } from './pull-places.ts';
import type { RegistriesConf } from './registry-table.ts';

/** What registries are asked with. */
export interface RegistriesOptions {
  readonly places: ContainersPlaces;
  readonly environment: Environment;
  /** `registries` of gantry.yaml. Where registries.conf is about a name, its mirrors take the place of those here. */
  readonly settings: Readonly<Record<string, RegistrySettings>>;
}

/** Registries under registries.conf and with the credentials of the containers tools. */
export interface Registries extends AsyncDisposable {
  /** A repository that is read from the places of an image, in order. Throws `CONFIG_CONTAINERS`, `REGISTRY_BLOCKED`. */
  openRepository(reference: RegistryReference, op?: Op): Promise<Repository>;
  /** Whether there are credentials for one of the places of an image. Throws `CONFIG_CONTAINERS`, `REGISTRY_CREDENTIALS`. */
  hasCredentials(reference: RegistryReference, op?: Op): Promise<boolean>;
  /** The places of an image, its own name where registries.conf has nothing about it. */
  places(reference: RegistryReference, op?: Op): Promise<readonly Pick<PullPlace, 'registry' | 'repository'>[]>;
}

/** What is read once in a run. */
interface Known {
  readonly conf: RegistriesConf;
  readonly credentials: CredentialSource;
  readonly transport: Transport;
}

/** Opens the registries of one run. Nothing is read and nobody asked before the first image. */
export function openRegistries(options: RegistriesOptions): Registries {
  const { environment, settings } = options;
  const opened: Transport[] = [];
  const insecure = new Map<string, Transport>();
  let known: Promise<Known> | undefined;

  const load = (op?: Op): Promise<Known> => {
    known ??= loadKnown(op);
    return known;
  };
  const loadKnown = async (op?: Op): Promise<Known> => {
    const conf = await loadRegistries(options.places, environment.env, op);
    const helpers = conf.credentialHelpers;
    const credentials = dockerCredentials(environment, helpers && { helpers });
    return { conf, credentials, transport: open(credentials) };
  };
  const open = (credentials: CredentialSource, registry?: string, changes?: RegistrySettings): Transport => {
    const changed = registry === undefined ? {} : { [registry]: { ...settings[registry], ...changes } };
    const transport = openTransport({ registries: { ...settings, ...changed }, credentials, environment });
    opened.push(transport);
    return transport;
  };
  const transportOf = ({ transport, credentials }: Known, place: PullPlace): Transport => {
    const { registry } = place;
    if (!place.insecure || transport.settings(registry).plainHttp === true) return transport;
    const made =
      insecure.get(registry) ??
      new InsecureTransport({
        tls: open(credentials, registry, { plainHttp: false, anyCertificate: true }),
        plain: open(credentials, registry, { plainHttp: true }),
      });
    insecure.set(registry, made);
    return made;
  };

  return {
    openRepository: async (reference, op) => {
      const here = await load(op);
      const places = pullPlaces(reference, here.conf)?.map(
        (place): ReadPlace => ({ ...place, transport: transportOf(here, place) }),
      );
      return openRepository(reference, here.transport, places && { places });
    },
    hasCredentials: async (reference, op) => {
      const { conf, credentials, transport } = await load(op);
      for (const { registry, repository } of pullPlaces(reference, conf) ?? [reference]) {
        const { hostname, port } = transport.baseUrl(registry);
        const found = await credentials.credentialFor(`https://${hostname}:${Number(port || 443)}`, repository, op);
        if (found !== undefined) return true;
      }
      return false;
    },
    places: async (reference, op) => pullPlaces(reference, (await load(op)).conf) ?? [reference],
    [Symbol.asyncDispose]: async () => {
      for (const transport of opened) await transport[Symbol.asyncDispose]();
    },
  };
}
