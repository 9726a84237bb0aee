import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Descriptor, MediaType, type Op } from '@gantry/oci';
import { hashFile } from '../files/hash-file.ts';
import { classifyFile, type FileClass } from '../source/magic.ts';
import { packDirectory } from './pack-directory.ts';
import { unreadable, whileReading } from './unreadable.ts';

/** A local file or directory in the form it is published in. Disposing removes what was written for it. */
export interface LocalContent extends AsyncDisposable {
  /** Base name of the path: the title of the layer. */
  readonly title: string;
  readonly descriptor: Descriptor;
  /** What the bytes are; `directory` for a packed directory. */
  readonly form: FileClass | 'directory';
  /** The bytes, from the start each time. */
  content(): AsyncIterable<Uint8Array>;
}

/**
 * Opens what a user wants to publish: a file as it is, a directory as a tar+gzip archive with every name below `prefix`.
 * A file is read once to hash it and again to send it; what changes in between is noticed by the receiver.
 * Throws `CONFIG_PATH_UNREADABLE`, and for links and devices in a directory `ARCHIVE_UNSAFE_LINK` and `ARCHIVE_UNSAFE_ENTRY`.
 */
export async function openLocalContent(path: string, prefix: string, op?: Op): Promise<LocalContent> {
  const facts = await whileReading(path, () => statSync(path));
  const title = basename(resolve(path));
  if (facts.isDirectory()) {
    const { descriptor, content, dispose } = await packDirectory(path, prefix, op);
    return { title, descriptor, form: 'directory', content, [Symbol.asyncDispose]: dispose };
  }
  if (!facts.isFile()) throw unreadable(path, 'it is neither a file nor a directory');
  return {
    title,
    descriptor: { mediaType: MediaType.octetStream, ...(await whileReading(path, () => hashFile(path, 'sha256', op))) },
    form: await whileReading(path, () => formOf(path)),
    content: () => createReadStream(path),
    [Symbol.asyncDispose]: async () => {},
  };
}

function formOf(path: string): FileClass {
  const fd = openSync(path, 'r');
  try {
    return classifyFile((position, length) => {
      const into = new Uint8Array(length);
      return into.subarray(0, readSync(fd, into, 0, length, position));
    });
  } finally {
    closeSync(fd);
  }
}
