import type { Repository } from '../content.ts';
import { ociError } from '../oci-errors.ts';
import { parseReference, type Reference } from '../reference.ts';
import type { Transport } from '../transport/transport.ts';
import { originEndpoint } from './mirrors.ts';
import { RemoteRepository } from './remote-repository.ts';

/**
 * Opens a repository of a registry; `ref` is a reference, whose tag and digest do not matter, or `host[:port]/repository`.
 * Nothing is requested before the first call. The transport stays the caller's: it is shared, and disposing the repository
 * leaves it open. Throws `REFERENCE_INVALID`, and `REFERENCE_UNSUPPORTED` for a layout.
 */
export function openRepository(ref: Reference | string, transport: Transport): Repository {
  const parsed = typeof ref === 'string' ? parseReference(ref) : ref;
  if (parsed.kind === 'layout') {
    throw ociError(
      'REFERENCE_UNSUPPORTED',
      `oci-layout:${parsed.directory} is a directory, not a repository of a registry`,
    );
  }
  return new RemoteRepository(originEndpoint(transport, parsed));
}
