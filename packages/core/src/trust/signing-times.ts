import { join } from 'node:path';
import { digestHex, digestOf, isDigest, isGantryError, type JsonValue, type Op, parseJson } from '@gantry/oci';
import { errorCode, makeDirectories, publishFile, removeQuietly } from '../files/durable.ts';
import { type FileSystem, openFlags, systemFileSystem } from '../files/file-system.ts';
import type { SigningMemory, SigningTime } from './signing-memory.ts';

/** A time as the name of a file, so that names sort as times do. */
const NAME = /^(\d{15})\.json$/;
const DIGITS = 15;
/** More than any such file has. */
const MOST_BYTES = 65_536;

/**
 * Signing times in files: one directory for each repository and signer, in it one file named by the newest time. Whoever
 * remembers adds a file and then removes those with smaller names, so neither writers at the same moment nor a kill can make
 * the newest one forgotten, and there is no state to merge. The name alone decides; what is in the file is for people, and
 * tells which digest it was.
 *
 * What cannot be read or written is told as a warning and stops nothing: without its memory Gantry is where it was on the
 * first day, and a file that is damaged still has its name.
 */
export function signingTimes(directory: string, fileSystem: FileSystem = systemFileSystem): SigningMemory {
  const placeOf = (repository: string, signer: string): string =>
    join(directory, digestHex(digestOf(new TextEncoder().encode(JSON.stringify([repository, signer])))));

  return {
    newest: (repository, signer, op) => {
      const place = placeOf(repository, signer);
      return attempt(place, 'read', op, () => {
        const name = namesIn(fileSystem, place).at(-1);
        return name === undefined
          ? undefined
          : { time: timeOf(name), digest: digestIn(fileSystem, join(place, name), op) };
      });
    },
    remember: (repository, signer, what, op) => {
      const place = placeOf(repository, signer);
      attempt(place, 'written', op, () => {
        const name = `${String(what.time).padStart(DIGITS, '0')}.json`;
        const names = namesIn(fileSystem, place);
        if (names.some((other) => other > name)) return;
        // The same again changes nothing, and costs no write.
        if (names.at(-1) === name && digestIn(fileSystem, join(place, name), op) === what.digest) return;
        makeDirectories(fileSystem, place, 0o700);
        publishFile(fileSystem, join(place, name), encode(repository, signer, what), 0o600);
        for (const older of names) if (older < name) removeQuietly(fileSystem, join(place, older));
      });
    },
  };
}

function attempt<T>(place: string, what: string, op: Op | undefined, step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined || isGantryError(error)) throw error;
    const message = `the memory of signing times cannot be ${what} (${code}); an older release would not be noticed`;
    op?.onEvent?.({ type: 'warning', from: place, message });
    return undefined;
  }
}

/** From the oldest to the newest; anything else that lies there is passed over. */
function namesIn(fileSystem: FileSystem, place: string): readonly string[] {
  try {
    return fileSystem
      .list(place)
      .filter((name) => NAME.test(name))
      .sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function timeOf(name: string): number {
  return Number(NAME.exec(name)?.[1]);
}

function encode(repository: string, signer: string, { time, digest }: SigningTime): Uint8Array {
  const document = { schemaVersion: 1, repository, signer, digest, signedAt: new Date(time).toISOString() };
  return new TextEncoder().encode(`${JSON.stringify(document, null, 1)}\n`);
}

/** Undefined when the file does not tell. */
function digestIn(fileSystem: FileSystem, path: string, op?: Op): SigningTime['digest'] {
  const fd = fileSystem.open(path, openFlags.read);
  try {
    const into = new Uint8Array(MOST_BYTES);
    const value: JsonValue = parseJson(into.subarray(0, fileSystem.read(fd, into, 0)), op);
    const digest = typeof value === 'object' && value !== null && 'digest' in value ? value['digest'] : undefined;
    if (isDigest(digest)) return digest;
  } catch (error) {
    if (!isGantryError(error)) throw error;
  } finally {
    fileSystem.close(fd);
  }
  op?.onEvent?.({ type: 'warning', from: path, message: 'the file is damaged; the time in its name still counts' });
  return undefined;
}
