import type { Digest, Environment, Op, StageEvent } from '@gantry/oci';

/** Ends a stage: reports it with the time since the one before. */
export type Lap = (stage: StageEvent['stage'], digest: Digest, op?: Op) => void;

/** Starts to measure consecutive stages of one plugin. */
export function startLaps(clock: Pick<Environment, 'monotonic'>, subject: string): Lap {
  let start = clock.monotonic();
  return (stage, digest, op) => {
    const end = clock.monotonic();
    op?.onEvent?.({ type: 'stage', stage, subject, digest, durationMs: end - start });
    start = end;
  };
}
