/** Throws what failed: one failure as it is, several together. Returns when there is none. */
export function throwFailures(failures: readonly unknown[]): void {
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
}
