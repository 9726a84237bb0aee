/** Every version of a Sigstore bundle, those too that are not known yet: the judge has a code for them. */
export function isBundleType(mediaType: string | undefined): boolean {
  return mediaType !== undefined && /^application\/vnd\.dev\.sigstore\.bundle[.+]/.test(mediaType);
}

/** Config type of the manifest in which cosign 2 keeps signatures as referrers (`--registry-referrers-mode=oci-1-1`). */
export const COSIGN_SIGNATURES_TYPE = 'application/vnd.dev.cosign.artifact.sig.v1+json';

/** The predicate of a statement that signs and says nothing more. */
export const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

/** Annotation of a referrer: the predicate of the statement in its bundle. */
export const PREDICATE_ANNOTATION = 'dev.sigstore.bundle.predicateType';
