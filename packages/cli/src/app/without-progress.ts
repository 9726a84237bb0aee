import type { Op } from '@gantry/oci';

/** The operation without its progress, where what moves is too small to be worth a line. */
export function withoutProgress(op: Op): Op {
  const { onEvent } = op;
  if (onEvent === undefined) return op;
  return {
    ...op,
    onEvent: (event) => {
      if (event.type !== 'progress') onEvent(event);
    },
  };
}
