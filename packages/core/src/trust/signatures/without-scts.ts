import type { X509Certificate } from '@sigstore/core';
import type { TrustMaterial } from '@sigstore/verify';
import type { SigstoreLibrary } from './sigstore-library.ts';

/** Whether the trust root names a log of one of the certificate timestamps in a certificate. */
export function hasKnownSct(x509: X509Certificate, { ctlogs }: TrustMaterial): boolean {
  const scts = x509.extSCT?.signedCertificateTimestamps ?? [];
  return scts.some((sct) => ctlogs.some((log) => log.logID.equals(sct.logID)));
}

/**
 * The same certificate for a library that insists on verifying certificate timestamps, also where the policy asks for none
 * and the trust root knows no log for them. It looks for them in a clone; this one's clones have none. Everything else,
 * the chain to the authority above all, is verified with the certificate as it is.
 */
export function withoutScts(x509: X509Certificate, library: SigstoreLibrary): X509Certificate {
  const copy = library.X509Certificate.parse(Buffer.from(x509.root.toDER()));
  copy.clone = () => {
    const clone = library.X509Certificate.parse(Buffer.from(x509.root.toDER()));
    const others = clone.extensions.filter((extension) => extension.subs[0]?.toOID() !== SCT_LIST);
    clone.extensions.splice(0, clone.extensions.length, ...others);
    return clone;
  };
  return copy;
}

const SCT_LIST = '1.3.6.1.4.1.11129.2.4.2';
