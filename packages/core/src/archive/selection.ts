/** The part of an image that is wanted. All of it is read and checked; nothing else of it is written. */
export interface Selection {
  /** First segments of paths. */
  readonly tops: readonly string[];
  /** Larger files are left out and reported. Bytes. */
  readonly fileBytes: number;
}

/** Whether a path is in a selection; without one everything is. */
export function selects(selection: Selection | undefined): (path: string) => boolean {
  if (selection === undefined) return () => true;
  const tops = new Set(selection.tops);
  return (path) => tops.has(topOf(path));
}

/** The first segment of a path: the directory that a package lives in. */
export function topOf(path: string): string {
  const slash = path.indexOf('/');
  return slash < 0 ? path : path.slice(0, slash);
}
