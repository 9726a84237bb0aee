import type { Op } from '@gantry/oci';
import { loadedTrustRoot } from './loaded-trust-root.ts';
import { pemTrustBytes } from './local-trust-root.ts';
import type { PemFile } from './pem-trust-root.ts';
import type { LoadedTrustRoot } from './trust-root.ts';

/** A trust root from PEM texts that somebody has read already. The paths are for people. Throws `SIGNATURE_TRUST_ROOT`. */
export function trustRootFromPem(files: readonly PemFile[], op?: Op): Promise<LoadedTrustRoot> {
  return loadedTrustRoot(pemTrustBytes(files), { stale: false }, op);
}
