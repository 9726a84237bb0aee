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

/** A JSON value without the members that are null: protobuf's way to say that they are absent. */
export function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]));
}
