import type { Op } from '@gantry/oci';
import type { Io } from './io.ts';
import type { Output } from './output/output.ts';

/** What every verb gets: the process, where to speak, and the operation its calls belong to. */
export interface Context {
  readonly io: Io;
  readonly output: Output;
  /** Carries the signal of interruption and the sink of events. */
  readonly op: Op;
}
