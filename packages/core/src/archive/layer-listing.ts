import type { Digest } from '@gantry/oci';

/** What one layer holds, in its order, as plain data that crosses threads. Paths are checked and relative. */
export type ListedEntry =
  | {
      readonly type: 'directory';
      readonly path: string;
      /** Not in the archive itself: made because something stands below it. */
      readonly implied: boolean;
    }
  | {
      readonly type: 'file';
      readonly path: string;
      readonly size: number;
      readonly digest: Digest;
      readonly executable: boolean;
    }
  /** Too large for the selection, and not written. */
  | { readonly type: 'oversized'; readonly path: string; readonly size: number }
  /** `target` is the text of the link, unchecked. */
  | { readonly type: 'symlink'; readonly path: string; readonly target: string }
  /** `target` is the raw name of another entry, unchecked. */
  | { readonly type: 'hardlink'; readonly path: string; readonly target: string }
  /** Hides `path` of the layers below (OCI image-spec, layer.md, "Whiteouts"). */
  | { readonly type: 'whiteout'; readonly path: string }
  /** Hides everything in `path` of the layers below. */
  | { readonly type: 'opaque'; readonly path: string };

/** One layer after its files were written. */
export interface LayerListing {
  readonly entries: readonly ListedEntry[];
  /** Bytes after decompression, headers included. */
  readonly inflated: number;
}

/** What an entry counts for `archiveListingBytes`: its path and, for a link, its target, in UTF-8. */
export function listingBytes(entry: ListedEntry): number {
  return Buffer.byteLength(entry.path) + ('target' in entry ? Buffer.byteLength(entry.target) : 0);
}
