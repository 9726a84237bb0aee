/** What becomes of one place in a document: the new value, or undefined to take it away. */
export type Edit = (old: unknown) => unknown;

/**
 * A copy of a JSON document with one place changed: `edited(bundle, 'verificationMaterial.tlogEntries.0.logIndex', () => '7')`.
 * Throws when the way there does not exist, so that no test tests nothing.
 */
export function edited<T>(document: T, path: string, edit: Edit): T {
  const copy = structuredClone(document);
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  let place: unknown = copy;
  for (const step of steps) place = stepInto(place, step, path);
  if (!isObject(place)) throw new TypeError(`nothing at ${path}`);
  const value = edit(place[last]);
  if (value !== undefined) place[last] = value;
  else if (Array.isArray(place)) place.splice(Number(last), 1);
  else delete place[last];
  return copy;
}

/** An {@link Edit} that changes one bit of a base64 text, in the middle unless told where. */
export function flipped(at: number | undefined = undefined): Edit {
  return (old) => {
    const bytes = Buffer.from(String(old), 'base64');
    const index = at ?? bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index);
    return bytes.toString('base64');
  };
}

function stepInto(place: unknown, step: string, path: string): unknown {
  if (isObject(place) && Object.hasOwn(place, step)) return place[step];
  throw new TypeError(`nothing at ${step} of ${path}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
