import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { HEAD_BYTES, type LayerSupply, tarballMediaType } from '@gantry/core';
import { type Descriptor, type Op, ociError } from '@gantry/oci';
import { backstageError } from '../backstage-errors.ts';

/** A tarball on disk, open and hashed. */
export interface TarballFile extends AsyncDisposable {
  readonly layer: Descriptor;
  /** The hash of the whole file in base64: one of those that were asked for, or sha512. */
  hash(algorithm: string): string;
  /** Gives the bytes to an extraction, which checks them against the digest again. */
  readonly supply: LayerSupply;
}

/**
 * Opens a tarball and reads it once, in a stream. `name` is shown in messages. Throws `CONTENT_TYPE_MISMATCH` for what is not
 * a regular file or a web page, `CONFIG_PACKAGE` for what cannot be opened, and what the file system throws.
 */
export async function openTarballFile(
  path: string,
  name: string,
  algorithms: readonly string[],
  op?: Op,
): Promise<TarballFile> {
  // A FIFO must not hold us up before it is refused.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    const code = (cause as { code?: unknown }).code;
    throw backstageError('CONFIG_PACKAGE', `${name}: the file cannot be read (${String(code)})`, {
      cause,
      hint: 'check the path and its mode',
    });
  });
  try {
    if (!(await handle.stat()).isFile()) {
      throw ociError('CONTENT_TYPE_MISMATCH', `${name}: expected a tarball, found something that is not a file`);
    }
    const hashes = new Map(['sha256', 'sha512', ...algorithms].map((algorithm) => [algorithm, createHash(algorithm)]));
    const { size, head } = await readThrough(handle, (chunk) => {
      op?.signal?.throwIfAborted();
      for (const hash of hashes.values()) hash.update(chunk);
    });
    const found = new Map([...hashes].map(([algorithm, hash]) => [algorithm, hash.digest()]));
    const hex = found.get('sha256')?.toString('hex') ?? '';
    const layer: Descriptor = { mediaType: tarballMediaType(name, head), digest: `sha256:${hex}`, size };
    return {
      layer,
      hash: (algorithm) => found.get(algorithm)?.toString('base64') ?? '',
      supply: supplyOf(handle, size),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readThrough(
  handle: FileHandle,
  take: (chunk: Uint8Array) => void,
): Promise<{ readonly size: number; readonly head: Uint8Array }> {
  const buffer = Buffer.allocUnsafe(256 * 1024);
  const head = Buffer.alloc(HEAD_BYTES);
  let size = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, size);
    if (bytesRead === 0) return { size, head: head.subarray(0, Math.min(size, head.length)) };
    const chunk = buffer.subarray(0, bytesRead);
    if (size < head.length) head.set(chunk.subarray(0, head.length - size), size);
    take(chunk);
    size += bytesRead;
  }
}

function supplyOf(handle: FileHandle, size: number): LayerSupply {
  return {
    open: async () => ({
      fd: handle.fd,
      available: size,
      onGrowth: () => {},
      whole: Promise.resolve(),
      // The file stays open for whoever opened it.
      [Symbol.asyncDispose]: async () => {},
    }),
    reject: () => {},
  };
}
