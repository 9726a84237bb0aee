/** Where a value was written. */
export interface Origin {
  /** As the user named the file: `dynamic-plugins.yaml`, an include, or `<image>/dynamic-plugins.default.yaml`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}
