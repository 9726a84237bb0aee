import type { Repository } from '../content.ts';
import { ociError } from '../oci-errors.ts';
import { parseReference, type Reference } from '../reference.ts';
import type { Transport } from '../transport/transport.ts';
import { originEndpoint } from './mirrors.ts';
import { RemoteRepository } from './remote-repository.ts';

/** A place that a repository is read from: its registry and name there, and the transport that reaches it. */
export interface ReadPlace {
  readonly transport: Transport;
  /** `host[:port]`. */
  readonly registry: string;
  readonly repository: string;
}

/** Options of {@link openRepository}. */
export interface RepositoryOptions {
  /**
   * Where it is read from, in order, in place of the registry and the mirrors of its settings. What fails in one passes to the
   * next; what the last fails with is thrown. Writing still goes to the registry that the reference names.
   */
  readonly places?: readonly ReadPlace[];
}

/**
 * Opens a repository of a registry; `ref` is a reference, whose tag and digest do not matter, or `host[:port]/repository`.
 * Nothing is requested before the first call. The transport stays the caller's: it is shared, and disposing the repository
 * leaves it open. Throws `REFERENCE_INVALID`, and `REFERENCE_UNSUPPORTED` for a layout.
 */
export function openRepository(
  ref: Reference | string,
  transport: Transport,
  { places }: RepositoryOptions = {},
): Repository {
  const parsed = typeof ref === 'string' ? parseReference(ref) : ref;
  if (parsed.kind === 'layout') {
    throw ociError(
      'REFERENCE_UNSUPPORTED',
      `oci-layout:${parsed.directory} is a directory, not a repository of a registry`,
    );
  }
  const at = originEndpoint(transport, parsed);
  return new RemoteRepository(
    at,
    places?.map((place, index) => ({ ...place, mirror: index < places.length - 1 })),
  );
}
