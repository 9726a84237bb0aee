import type { Descriptor } from '../descriptor.ts';
import type { Digest } from '../digest.ts';
import type { Op } from '../op.ts';
import type { LayoutIndex } from './layout-index.ts';

/** Where a layout keeps its bytes: a directory, or memory. */
export interface LayoutStorage {
  /** How messages name it. */
  readonly name: string;
  /** The size of a blob, undefined when it is not there. */
  size(digest: Digest): Promise<number | undefined>;
  /** The raw bytes of a blob, not verified. Throws `CONTENT_NOT_FOUND`, and `CONTENT_LAYOUT_INVALID` for what is no plain file. */
  read(digest: Digest): AsyncIterable<Uint8Array>;
  /** Keeps a blob, all of it or nothing; throws what `content` throws. */
  write(what: Descriptor, content: AsyncIterable<Uint8Array>, op?: Op): Promise<void>;
  /** Removes a blob; one that is not there is no error. */
  remove(digest: Digest): Promise<void>;
  readIndex(op?: Op): Promise<LayoutIndex>;
  /** Changes the index, one writer after the other. Returning the same object writes nothing. */
  updateIndex(change: (index: LayoutIndex) => LayoutIndex | Promise<LayoutIndex>, op?: Op): Promise<void>;
  close(): Promise<void>;
}
