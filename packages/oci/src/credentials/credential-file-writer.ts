import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { JsonObject } from '../json.ts';
import { ociLimits } from '../oci-limits.ts';
import type { Op } from '../op.ts';
import { readSmallFile } from '../small-file.ts';
import { credentialFileError, readCredentialFile } from './credential-files.ts';

/** A JSON object that may be changed. */
export type Editable = Record<string, unknown>;

/**
 * Changes a credential file in one step: reads it strictly, lets `edit` change the document, and puts a whole new file
 * in its place, readable by its owner only, with the indentation it had. Everything `edit` does not touch stays. A
 * symbolic link stays a link. Returns false, and writes nothing, when `edit` does.
 * Throws `REGISTRY_CREDENTIALS` when the file is malformed, cannot be written, or lies where others may write.
 */
export async function editCredentialFile(
  path: string,
  edit: (document: Editable) => boolean,
  op?: Op,
): Promise<boolean> {
  const before: JsonObject = (await readCredentialFile(path, op)) ?? {};
  const text = (await readSmallFile(path, ociLimits(op, 'credentialFileBytes')))?.toString('utf8') ?? '';
  const document = structuredClone({ ...before }) as Editable;
  if (!edit(document)) return false;
  const indent = /^\{\r?\n([ \t]+)"/.exec(text)?.[1] ?? (text.trim().startsWith('{"') ? '' : '\t');
  const after = `${JSON.stringify(document, null, indent)}${text === '' || /\n$/.test(text) ? '\n' : ''}`;
  try {
    await replace(await realpath(path).catch(() => path), after);
  } catch (cause) {
    throw credentialFileError(
      path,
      `cannot be written: ${(cause as NodeJS.ErrnoException).code ?? 'unsafe directory'}`,
      cause,
    );
  }
  return true;
}

async function replace(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await refuseForeignWriters(directory);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(8).toString('hex')}`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
  const parent = await open(directory, 'r');
  await parent.sync().catch(() => {});
  await parent.close();
}

async function refuseForeignWriters(directory: string): Promise<void> {
  const { mode, uid } = await stat(directory);
  const writable = (mode & 0o022) !== 0 && (mode & 0o1000) === 0;
  const mine = process.getuid === undefined || uid === process.getuid() || uid === 0;
  if (process.platform !== 'win32' && (writable || !mine)) {
    throw credentialFileError(directory, 'other users may write to this directory; no credential is kept there');
  }
}
