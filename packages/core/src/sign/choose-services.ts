import type { Environment } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { ServiceGroup, SigningConfig, SigningService } from './signing-config.ts';

/** The versions of each service that are spoken here. */
const AUTHORITY_VERSIONS: readonly number[] = [1];
const TIMESTAMP_VERSIONS: readonly number[] = [1];
/** Of Rekor. */
export const LOG_VERSIONS: readonly number[] = [2, 1];

type Clock = Pick<Environment, 'now' | 'random'>;

/** The certificate authority to ask: the newest of the highest version. Throws `CONFIG_SIGNING_SERVICE` when none is left. */
export function chooseAuthority(config: SigningConfig, clock: Clock): URL {
  const [newest] = usable(config.authorities, AUTHORITY_VERSIONS, clock);
  if (newest === undefined) throw nothingLeft(config, 'certificate authority', AUTHORITY_VERSIONS);
  return newest.url;
}

/** The logs to write to; none when the configuration lists none. Throws `CONFIG_SIGNING_SERVICE` when none is left. */
export function chooseLogs(
  config: SigningConfig,
  clock: Clock,
  versions: readonly number[] = LOG_VERSIONS,
): readonly SigningService[] {
  return choose(config, config.logs, 'transparency log', versions, clock);
}

/** The timestamp authorities to ask, as {@link chooseLogs}. */
export function chooseTimestampAuthorities(config: SigningConfig, clock: Clock): readonly SigningService[] {
  return choose(config, config.timestampAuthorities, 'timestamp authority', TIMESTAMP_VERSIONS, clock);
}

/** Whether there is a log of one of these versions to choose. */
export function hasLog(config: SigningConfig, clock: Clock, versions: readonly number[]): boolean {
  return usable(config.logs.services, versions, clock).length > 0;
}

function choose(
  config: SigningConfig,
  { services, selector, count }: ServiceGroup,
  kind: string,
  versions: readonly number[],
  clock: Clock,
): readonly SigningService[] {
  if (services.length === 0) return [];
  const left = usable(services, versions, clock);
  const wanted = selector === 'ALL' ? left.length : selector === 'ANY' ? 1 : count;
  if (left.length === 0) throw nothingLeft(config, kind, versions);
  if (left.length < wanted) {
    throw coreError(
      'CONFIG_SIGNING_SERVICE',
      `${config.name}: expected ${wanted} of kind ${kind}, each of another operator, found ${left.length}`,
      { details: { file: config.name, kind, expected: wanted, found: left.length } },
    );
  }
  return draw(left, wanted, clock);
}

/**
 * The services that may be used now: of the highest version that is spoken and listed, in the time they are valid, the
 * newest of each operator, newest first.
 */
function usable(services: readonly SigningService[], versions: readonly number[], clock: Clock): SigningService[] {
  const now = clock.now();
  const valid = services.filter(({ start, end }) => start <= now && now <= end);
  for (const version of versions) {
    const newest = new Map<string, SigningService>();
    const ofVersion = valid.filter((service) => service.version === version);
    for (const service of ofVersion.sort((a, b) => b.start - a.start)) {
      if (!newest.has(service.operator)) newest.set(service.operator, service);
    }
    if (newest.size > 0) return [...newest.values()];
  }
  return [];
}

/** By lot, so that all clients together spread over the services. */
function draw(from: readonly SigningService[], count: number, clock: Clock): readonly SigningService[] {
  const left = [...from];
  while (left.length > count) left.splice(Math.floor(clock.random() * left.length), 1);
  return left;
}

function nothingLeft({ name }: SigningConfig, kind: string, versions: readonly number[]): Error {
  const message = `${name}: no ${kind} of version ${versions.join(' or ')} is valid now`;
  return coreError('CONFIG_SIGNING_SERVICE', message, { details: { file: name, kind } });
}
