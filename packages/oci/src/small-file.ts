import { open } from 'node:fs/promises';

/**
 * Reads a file of at most `limit` bytes. Undefined when there is none. Throws the file system's error, and a
 * `RangeError` when the file is longer.
 */
export async function readSmallFile(path: string, limit: number): Promise<Buffer | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      size += (chunk as Buffer).length;
      if (size > limit) throw new RangeError(`${path} is longer than ${limit} bytes`);
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks, size);
  } finally {
    await file.close();
  }
}
