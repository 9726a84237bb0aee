import type { Repository } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import type { Op } from '../op.ts';

/** Brings one blob to the destination, in the cheapest way there is. */
export type BlobRoute = (what: Descriptor, op: Op) => Promise<void>;

/**
 * How blobs get from one repository to another: within one registry by mounting, within one repository not at all, else by
 * moving their bytes. Embedded data is not asked for at the source.
 */
export function blobRoute(source: Repository, destination: Repository): BlobRoute {
  const mountFrom =
    destination.mount === undefined ? undefined : repositoryInSameRegistry(source.name, destination.name);
  const move: BlobRoute = (what, op) => {
    const { data } = what;
    return destination.pushBlob(what, data === undefined ? () => source.open(what, op) : () => once(data), op);
  };
  if (mountFrom === undefined) return move;
  const sameRepository = source.name === destination.name;
  return async (what, op) => {
    const there = sameRepository ? destination.has(what, op) : destination.mount?.(what, mountFrom, op);
    if ((await there) !== true) await move(what, op);
  };
}

/** The source's repository without its registry, when the destination is in the same one. Names are `host/repository`. */
function repositoryInSameRegistry(source: string, destination: string): string | undefined {
  const slash = source.indexOf('/');
  if (slash < 0 || source.startsWith('oci-layout:')) return undefined;
  return destination.startsWith(source.slice(0, slash + 1)) ? source.slice(slash + 1) : undefined;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
