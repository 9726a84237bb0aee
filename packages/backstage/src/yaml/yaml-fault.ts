import { escapeRemote, type GantryError } from '@gantry/oci';
import { type BackstageErrorCode, backstageError } from '../backstage-errors.ts';
import type { Origin } from '../config/origin.ts';

/** The error about a place in a YAML file: `file:line: problem`. The problem may quote the file. */
export function yamlFault(place: Origin, problem: string, hint?: string): GantryError<BackstageErrorCode> {
  return backstageError(
    'CONFIG_DYNAMIC_PLUGINS',
    `${escapeRemote(place.file)}:${place.line}: ${escapeRemote(problem)}`,
    {
      details: { file: place.file, line: place.line, column: place.column },
      ...(hint === undefined ? {} : { hint: escapeRemote(hint, 1000) }),
    },
  );
}

/** A character for a message. */
export function shown(char: string): string {
  return char === '\0' ? 'the end of the file' : `'${char}'`;
}
