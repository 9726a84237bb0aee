import type { Descriptor } from '../descriptor.ts';
import { escapeRemote } from '../escape.ts';
import { ociError } from '../oci-errors.ts';
import type { TransportResponse } from '../transport/transport.ts';
import { parseContentRange } from './content-range.ts';

/**
 * Checks the headers of a 200 or 206 answer to a blob request before any byte of it is used, and gives the offset of its first
 * byte. Throws `REGISTRY_PROTOCOL` for another range than was asked for, `CONTENT_SIZE_MISMATCH` for another length than the
 * descriptor's. An encoded body has its own length, and is refused by the transport when it is read.
 */
export async function checkBlobAnswer(
  name: string,
  response: TransportResponse,
  transfer: { readonly what: Descriptor; readonly done: number },
): Promise<number> {
  const failure = rangeFault(name, response, transfer) ?? lengthFault(name, response, transfer.what);
  if (failure !== undefined) {
    await response.discard();
    throw failure;
  }
  return response.status === 206 ? transfer.done : 0;
}

function rangeFault(
  name: string,
  response: TransportResponse,
  { what, done }: { readonly what: Descriptor; readonly done: number },
): Error | undefined {
  if (response.status !== 206) return undefined;
  const range = parseContentRange(response.header('content-range'));
  if (range?.start === done && (range.total ?? what.size) === what.size && range.end < what.size) return undefined;
  const found = escapeRemote(response.header('content-range') ?? 'none', 60);
  return ociError('REGISTRY_PROTOCOL', `${name}: expected the bytes from ${done} of ${what.size}, answered ${found}`, {
    details: { digest: what.digest, expected: done, found },
  });
}

function lengthFault(name: string, response: TransportResponse, what: Descriptor): Error | undefined {
  const header = response.header('content-length');
  const encoded = response.header('content-encoding') !== undefined;
  if (encoded || header === undefined || response.status !== 200 || Number(header) === what.size) return undefined;
  const found = escapeRemote(header, 20);
  return ociError('CONTENT_SIZE_MISMATCH', `${name}: expected ${what.size} bytes, answered with ${found}`, {
    details: { digest: what.digest, expected: what.size, found },
  });
}
