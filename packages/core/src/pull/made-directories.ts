import { mkdirSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { coreError } from '../core-errors.ts';

/** Makes a directory and what is missing above it. The result removes what was made, as far as it is empty again. Throws `INSTALL_IO`. */
export function makeDirectory(path: string): () => void {
  const first = make(path, 0o755);
  return () => {
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) {
      try {
        rmdirSync(made);
      } catch {
        // Somebody else has put something there meanwhile: it stays.
        return;
      }
    }
  };
}

/** Makes the directory that files are staged in, for its owner only. Throws `INSTALL_IO`. */
export function makeStaging(path: string): void {
  make(path, 0o700);
}

function make(path: string, mode: number): string | undefined {
  try {
    return mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw coreError('INSTALL_IO', `${path} cannot be made a directory (${code})`, {
      cause: error,
      details: { directory: path },
      hint: 'choose another directory, or check its owner and mode',
    });
  }
}
