import type { JsonObject, JsonValue } from '@gantry/oci';

/** What stands at a path of keys and positions in a JSON value; undefined where the path leads nowhere. */
export function jsonMember(value: JsonValue | undefined, ...path: readonly (string | number)[]): JsonValue | undefined {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    if (Array.isArray(at) !== (typeof step === 'number')) return undefined;
    at = (at as JsonObject)[step];
  }
  return at;
}
