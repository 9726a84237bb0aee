import { type OciLimitName, ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import type { TransportResponse } from '../transport/transport.ts';
import { countAttempts } from './attempts.ts';
import { type Call, type Endpoint, send } from './endpoint.ts';

/** A small answer, whole. */
export interface Document {
  readonly response: TransportResponse;
  readonly bytes: Uint8Array;
}

/**
 * Asks for a small document and reads it whole, at most the limit's bytes. An answer that is cut is asked for again: nothing
 * of it was used.
 */
export async function fetchDocument(at: Endpoint, call: Call, limit: OciLimitName, op?: Op): Promise<Document> {
  const attempts = countAttempts(at.transport.environment, op);
  const most = ociLimits(op, limit);
  for (;;) {
    const response = await send(at, call, op);
    try {
      return { response, bytes: await response.bytes(most) };
    } catch (error) {
      await attempts.failed(error, call.url);
    }
  }
}
