import type { OpEvent } from '@gantry/oci';

/** What one stage cost. */
export interface Cost {
  readonly requests: number;
  /** Sent and received, bodies only. */
  readonly bytes: number;
  readonly ms: number;
}

/** Adds up what stages cost, from the events of the library. */
export interface Account {
  readonly onEvent: (event: OpEvent) => void;
  /** Runs one stage and says what it cost. */
  measure<Result>(work: () => Promise<Result>): Promise<{ readonly result: Result; readonly cost: Cost }>;
}

/** Opens an account with nothing on it. */
export function openAccount(): Account {
  let requests = 0;
  let bytes = 0;
  return {
    onEvent: (event) => {
      if (event.type !== 'request') return;
      requests += 1;
      bytes += event.bytesSent + event.bytesReceived;
    },
    measure: async (work) => {
      const before = { requests, bytes, time: performance.now() };
      const result = await work();
      const cost = {
        requests: requests - before.requests,
        bytes: bytes - before.bytes,
        ms: performance.now() - before.time,
      };
      return { result, cost };
    },
  };
}
