import { mkdirSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes a directory and what is missing above it. The result removes what was made, as far as it is empty again. */
export function makeDirectory(path: string): () => void {
  const first = mkdirSync(path, { recursive: true, mode: 0o755 });
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
