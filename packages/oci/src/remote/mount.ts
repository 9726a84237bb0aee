import type { Descriptor } from '../descriptor.ts';
import { isGantryError } from '../errors.ts';
import type { Op } from '../op.ts';
import type { Endpoint } from './endpoint.ts';
import { type Opened, openUpload } from './upload-session.ts';

/** Failures of a mount that an upload may still get around: no right to read there, or no such feature. */
const GOES_ON: readonly string[] = [
  'REGISTRY_UNAUTHORIZED',
  'REGISTRY_DENIED',
  'REGISTRY_NOT_FOUND',
  'REGISTRY_UNSUPPORTED',
];

/**
 * Asks the registry to take a blob from another of its repositories (distribution-spec, "Mounting a blob"). Undefined: it does
 * not; an upload that it opened instead is given, so that the blob can be sent without another POST.
 */
export async function mountBlob(
  at: Endpoint,
  what: Descriptor,
  fromRepository: string,
  op?: Op,
): Promise<Opened | undefined> {
  try {
    return await openUpload(at, what, { from: fromRepository }, op);
  } catch (error) {
    if (isGantryError(error) && GOES_ON.includes(error.code)) return undefined;
    throw error;
  }
}
