import type { Op } from '@gantry/oci';
import type { PolicyClause } from '../trust/policy.ts';
import { normaliseScope } from '../trust/scope.ts';
import type { DocumentPath } from './parse-yaml.ts';
import type { RawSignatures, RawTrustEntry } from './raw-config.ts';

/** Where a trust entry stands, for what it says and for what is wrong with it. */
export interface EntryPlace {
  /** The file that it is in; absolute. */
  readonly file: string;
  /** Where relative paths start. */
  readonly directory: string;
  readonly index: number;
  /** `file:line: key: message`, for a path below the entry. */
  located(path: DocumentPath, message: string): string;
  /** The error about something below the entry. */
  invalid(path: DocumentPath, message: string): Error;
}

/** One entry of `trust` as policy. Throws `CONFIG_INVALID`, `CONFIG_PATH_UNREADABLE`, `CONFIG_KEY_INVALID`. */
export async function trustClause(entry: RawTrustEntry, place: EntryPlace, op?: Op): Promise<PolicyClause> {
  const { scope: written, require, ...signatures } = entry;
  const scope = normaliseScope(written) ?? written;
  const source = `${place.file}: trust[${place.index}]`;
  if (require !== 'cosign') {
    checkNoSignatures(require, signatures, place);
    return { scope, require, source };
  }
  if (!holdsSignatures(scope)) {
    throw place.invalid(['require'], `cosign is for registries and layouts; what ${scope} covers has no signatures`);
  }
  // Keys and patterns are read by modules that no other entry needs.
  const { signatureRequirement } = await import('./signature-requirement.ts');
  const fields = Object.entries(signatures).flatMap(([field, value]) => (value === undefined ? [] : [field]));
  return { scope, require, signatures: await signatureRequirement(signatures, place, op), source, written: fields };
}

/** A field that does nothing would look like protection (C2). */
function checkNoSignatures(require: string, signatures: RawSignatures, place: EntryPlace): void {
  const [field] = Object.entries(signatures).find(([, value]) => value !== undefined) ?? [];
  if (field === undefined) return;
  throw place.invalid([field], `it counts with require: cosign only, and here is require: ${require}`);
}

function holdsSignatures(scope: string): boolean {
  return !/^(?:https:\/\/|file:|npm:)/.test(scope);
}
