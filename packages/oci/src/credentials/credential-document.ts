import type { JsonValue } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { credentialFileError } from './credential-files.ts';

/** The parts of a credential file that matter; the same in docker's `config.json` and the containers `auth.json`. */
export interface CredentialDocument {
  readonly path: string;
  readonly auths: JsonObject;
  /** Helper name by key. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** The helper for everything without one of its own. */
  readonly credsStore: string | undefined;
}

/** Reads the shape of a credential file. Throws `REGISTRY_CREDENTIALS` naming the field that is wrong. */
export function credentialDocument(path: string, document: JsonObject): CredentialDocument {
  const object = (key: string): JsonObject => {
    const value = document[key] ?? {};
    if (!isObject(value)) throw credentialFileError(path, `"${key}" is not an object`);
    return value;
  };
  const helpers = Object.entries(object('credHelpers'));
  for (const [, helper] of helpers) {
    if (typeof helper !== 'string')
      throw credentialFileError(path, '"credHelpers" holds something that is not a string');
  }
  const store = document['credsStore'] ?? undefined;
  if (store !== undefined && typeof store !== 'string') throw credentialFileError(path, '"credsStore" is not a string');
  return {
    path,
    auths: object('auths'),
    credHelpers: Object.fromEntries(helpers) as Record<string, string>,
    credsStore: store === '' ? undefined : store,
  };
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
