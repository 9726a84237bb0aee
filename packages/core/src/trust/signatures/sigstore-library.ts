import { isGantryError } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';

type Verify = typeof import('@sigstore/verify');
type Core = typeof import('@sigstore/core');

/** What is used of the Sigstore libraries. They take 29 ms to load, so only what needs them asks for them. */
export type SigstoreLibrary = Pick<Verify, 'Verifier' | 'toTrustMaterial'> &
  Pick<Core, 'ASN1Obj' | 'RFC3161Timestamp' | 'X509Certificate'>;

/** Loads the libraries. */
export async function sigstoreLibrary(): Promise<SigstoreLibrary> {
  const [{ Verifier, toTrustMaterial }, { ASN1Obj, RFC3161Timestamp, X509Certificate }] = await Promise.all([
    import('@sigstore/verify'),
    import('@sigstore/core'),
  ]);
  return { Verifier, toTrustMaterial, ASN1Obj, RFC3161Timestamp, X509Certificate };
}

const CODES = [
  [/^TLOG_/, 'SIGNATURE_LOG'],
  [/^TIMESTAMP_/, 'SIGNATURE_TIME'],
  [/^CERTIFICATE_/, 'SIGNATURE_CERTIFICATE'],
  [/^SIGNATURE_/, 'SIGNATURE_INVALID'],
] as const;

/** Runs something of the libraries. What they throw becomes an error of ours: by their code, else `SIGNATURE_MALFORMED`. */
export function guarded<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (isGantryError(cause)) throw cause;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const row = CODES.find(([pattern]) => pattern.test(code));
    throw coreError(row?.[1] ?? 'SIGNATURE_MALFORMED', cause instanceof Error ? cause.message : String(cause), {
      cause,
    });
  }
}
