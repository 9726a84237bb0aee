import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A value as its type and its text: `["integer", "12"]`, `["list", […]]`, `["map", [["key", …], …]]`, `["null"]`. */
export type RecordedValue = readonly [type: string, content?: unknown];

/** What PyYAML makes of texts; `fixtures/pyyaml/README.md` tells how that was recorded. */
export interface RecordedPyYaml {
  /** Null where PyYAML refuses the text. */
  readonly documents: readonly (readonly [text: string, value: RecordedValue | null])[];
  /** Maps, the SHA-256 of their sorted JSON, and what `safe_dump` writes. */
  readonly records: readonly (readonly [text: string, hash: string, dump: string])[];
}

/** Reads the recorded tables. */
export function recordedPyYaml(): RecordedPyYaml {
  const directory = resolve(import.meta.dirname, '..', '..', 'fixtures', 'pyyaml');
  const read = (name: string) => JSON.parse(readFileSync(join(directory, name), 'utf8'));
  return { documents: read('documents.json'), records: read('records.json') };
}
