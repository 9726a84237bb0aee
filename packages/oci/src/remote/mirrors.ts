import { isGantryError } from '../errors.ts';
import { ociError } from '../oci-errors.ts';
import type { Op } from '../op.ts';
import type { RegistryReference } from '../reference.ts';
import { parseReference } from '../reference.ts';
import { withoutSecrets } from '../reference-fault.ts';
import type { Transport } from '../transport/transport.ts';
import { type Endpoint, endpointName } from './endpoint.ts';
import { registryKnowledge } from './registry-knowledge.ts';

/** Failures that another request would wait for as long as this one did. */
const NO_CONNECTION: readonly string[] = ['REGISTRY_UNREACHABLE', 'REGISTRY_TIMEOUT'];

/**
 * The places that a repository is read from, in order: the mirrors of its registry's settings, then the registry itself.
 * Each mirror is asked with its own settings and credentials. Throws `REFERENCE_INVALID` for a mirror that is not written
 * `host[:port][/prefix]`.
 */
export function readEndpoints(origin: Endpoint): readonly Endpoint[] {
  const mirrors = origin.transport.settings(origin.registry).mirrors ?? [];
  return [...mirrors.map((mirror) => mirrorEndpoint(mirror, origin)), origin];
}

function mirrorEndpoint(mirror: string, origin: Endpoint): Endpoint {
  // Without a dot, port or localhost the first part would be read as the name of a Docker Hub user.
  if (/^(?:[^/]*[.:][^/]*|localhost)(?:\/|$)/i.test(mirror)) {
    const place = parseReference(`${mirror.replace(/\/$/, '')}/${origin.repository}`);
    if (place.kind === 'registry' && place.tag === undefined && place.digest === undefined) {
      return { transport: origin.transport, registry: place.registry, repository: place.repository, mirror: true };
    }
  }
  throw ociError(
    'REFERENCE_INVALID',
    `the mirror ${withoutSecrets(mirror)} of ${origin.registry} is not written host[:port][/prefix]`,
  );
}

/**
 * Asks endpoints in order until one answers. What a mirror fails with passes to the next and is told as a warning, unless it
 * just does not have the content; what the last one, the registry itself, fails with is thrown. Cancellation ends it at once.
 */
export async function firstAnswer<T>(
  endpoints: readonly Endpoint[],
  ask: (at: Endpoint) => Promise<T>,
  op?: Op,
): Promise<T> {
  for (const at of reachable(endpoints)) {
    try {
      return await ask(at);
    } catch (error) {
      passOver(at, error, op);
    }
  }
  throw ociError('REGISTRY_UNREACHABLE', 'there is no registry to ask');
}

/** The endpoints without mirrors that a short while ago could not be reached. */
export function reachable(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  return endpoints.filter((at) => !at.mirror || !registryKnowledge(at.transport).mirrorRests(at));
}

/** Lets the failure of a mirror pass; throws any other failure and cancellation. */
export function passOver(at: Endpoint, failure: unknown, op?: Op): void {
  if (!at.mirror || !isGantryError(failure)) throw failure;
  if (failure.code === 'REGISTRY_NOT_FOUND') return;
  if (NO_CONNECTION.includes(failure.code)) registryKnowledge(at.transport).learnMirrorUnreachable(at);
  op?.onEvent?.({
    type: 'warning',
    from: endpointName(at),
    message: `the mirror is passed over (${failure.code}): ${failure.message}`,
  });
}

/** The endpoint of a repository at its registry. */
export function originEndpoint(
  transport: Transport,
  ref: Pick<RegistryReference, 'registry' | 'repository'>,
): Endpoint {
  return { transport, registry: ref.registry, repository: ref.repository, mirror: false };
}
