import { createPublicKey, type KeyObject } from 'node:crypto';
import type { PolicyKey } from '../requirement.ts';

const PARSED = new WeakMap<PolicyKey, KeyObject>();

/** The key of a policy, parsed once for each object. */
export function policyKeyObject(key: PolicyKey): KeyObject {
  const known = PARSED.get(key);
  if (known !== undefined) return known;
  const object = createPublicKey(key.pem);
  PARSED.set(key, object);
  return object;
}
