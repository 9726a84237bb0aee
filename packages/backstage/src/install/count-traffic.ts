import type { Op } from '@gantry/oci';

/** What a run moved over the network so far. */
export interface Traffic {
  readonly requests: number;
  /** Received. */
  readonly bytes: number;
}

/** The same operation with its HTTP exchanges counted. */
export function countTraffic(op: Op | undefined): { readonly op: Op; traffic(): Traffic } {
  let requests = 0;
  let bytes = 0;
  return {
    op: {
      ...op,
      onEvent: (event) => {
        if (event.type === 'request') {
          requests += 1;
          bytes += event.bytesReceived;
        }
        op?.onEvent?.(event);
      },
    },
    traffic: () => ({ requests, bytes }),
  };
}
