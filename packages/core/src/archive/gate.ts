/** So many at a time; the others wait in order. */
export interface Gate {
  /** Fulfilled when it is one's turn; call what it gives exactly once to leave. */
  enter(): Promise<() => void>;
}

/** A gate with so many places. */
export function createGate(places: number): Gate {
  let free = places;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    enter: async () => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return leave;
    },
  };
}
