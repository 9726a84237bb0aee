import { createReadStream } from 'node:fs';
import { createHasher, type Descriptor, type DigestAlgorithm, type Op } from '@gantry/oci';

/** Digest and size of a file, read in a stream. Throws what the file system throws. */
export async function hashFile(
  path: string,
  algorithm: DigestAlgorithm = 'sha256',
  op?: Op,
): Promise<Pick<Descriptor, 'digest' | 'size'>> {
  const hasher = createHasher(algorithm);
  let size = 0;
  for await (const chunk of createReadStream(path)) {
    op?.signal?.throwIfAborted();
    hasher.update(chunk);
    size += chunk.length;
  }
  return { digest: hasher.digest(), size };
}
