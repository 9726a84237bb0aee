import { ociError } from '../oci-errors.ts';
import type { RequestBody } from '../transport/transport.ts';

/** Reads content piece by piece; only the piece at hand is in memory. */
export interface ChunkReader {
  /** The `length` bytes from `offset` on. Reading on from where the last piece ended costs nothing; elsewhere starts again. */
  read(offset: number, length: number): Promise<RequestBody>;
  close(): Promise<void>;
}

/** Makes a {@link ChunkReader}; `content` is called again when reading has to go back. */
export function chunkReader(content: () => AsyncGenerator<Uint8Array, void, undefined>): ChunkReader {
  let source = content();
  let position = 0;
  let rest: Uint8Array = new Uint8Array(0);

  /** Takes at most `length` bytes off the source. */
  const take = async (length: number): Promise<Uint8Array> => {
    if (rest.length === 0) {
      const next = await source.next();
      if (next.done === true) throw ociError('CONTENT_SIZE_MISMATCH', 'the content ended before its descriptor says');
      rest = next.value;
    }
    const taken = rest.subarray(0, length);
    rest = rest.subarray(taken.length);
    position += taken.length;
    return taken;
  };

  const seek = async (offset: number): Promise<void> => {
    if (offset < position) {
      await source.return();
      source = content();
      position = 0;
      rest = new Uint8Array(0);
    }
    while (position < offset) await take(offset - position);
  };

  return {
    read: async (offset, length) => {
      await seek(offset);
      const pieces: Uint8Array[] = [];
      for (let left = length; left > 0; ) {
        const piece = await take(left);
        pieces.push(piece);
        left -= piece.length;
      }
      return { length, content: () => pieces };
    },
    close: async () => {
      await source.return();
    },
  };
}
