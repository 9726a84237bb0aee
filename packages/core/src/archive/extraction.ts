import type { Digest } from '@gantry/oci';
import type { SkippedLink } from './merged-tree.ts';

/** A file that was written. Paths are relative to the destination, with `/`. */
export interface ExtractedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** sha256 of the content, hashed while it was written. */
  readonly digest: Digest;
  /** Permissions: 0644 or 0755, or the same with group write. */
  readonly mode: number;
}

/** What an extraction left in its destination; each list in order of path. */
export interface Extraction {
  readonly files: readonly ExtractedFile[];
  readonly directories: readonly string[];
  /** Symbolic links that were created; they stay inside. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
  /** Links that lead out and were left out (profile `image`). */
  readonly skipped: readonly SkippedLink[];
  /** Files that are larger than the selection allows and were left out. */
  readonly oversized: readonly { readonly path: string; readonly size: number }[];
}
