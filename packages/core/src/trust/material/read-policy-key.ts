import type { Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { coreLimits } from '../../core-limits.ts';
import type { PolicyKey } from '../requirement.ts';
import { keyService } from './key-service.ts';
import { policyKey } from './policy-key.ts';
import { readTrustFile } from './read-trust-file.ts';

/**
 * A public key of the policy from a PEM file. `name` is how people call it, by default the path. Throws
 * `CONFIG_KEY_UNSUPPORTED` for `awskms://` and its kin, `CONFIG_PATH_UNREADABLE`, `CONFIG_KEY_INVALID`.
 */
export function readPolicyKey(path: string, name: string = path, op?: Op): PolicyKey {
  const service = keyService(name);
  if (service !== undefined) {
    throw coreError(
      'CONFIG_KEY_UNSUPPORTED',
      `${name}: keys in ${service} are not fetched, expected the path of a file`,
      {
        details: { scheme: service },
        hint: 'export the public key, with cosign public-key --key or the service itself, and name its file',
      },
    );
  }
  return policyKey(readTrustFile(path, coreLimits(op, 'pemBytes')).toString('latin1'), name);
}
