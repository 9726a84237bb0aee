import type { Op } from '@gantry/oci';
import { coreLimits } from '../../core-limits.ts';
import type { PolicyKey } from '../requirement.ts';
import { policyKey } from './policy-key.ts';
import { readTrustFile } from './read-trust-file.ts';

/**
 * A public key of the policy from a PEM file. `name` is how people call it, by default the path. Throws
 * `CONFIG_PATH_UNREADABLE`, `CONFIG_KEY_INVALID`.
 */
export function readPolicyKey(path: string, name: string = path, op?: Op): PolicyKey {
  return policyKey(readTrustFile(path, coreLimits(op, 'pemBytes')).toString('latin1'), name);
}
