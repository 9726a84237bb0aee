import { defineErrors, type ErrorTable } from './errors.ts';

/** Codes of this package. */
export type OciErrorCode =
  | 'REFERENCE_INVALID'
  | 'REFERENCE_UNSUPPORTED'
  | 'REGISTRY_UNREACHABLE'
  | 'REGISTRY_TIMEOUT'
  | 'REGISTRY_TLS'
  | 'REGISTRY_PROXY'
  | 'REGISTRY_NOT_FOUND'
  | 'REGISTRY_UNAUTHORIZED'
  | 'REGISTRY_DENIED'
  | 'REGISTRY_RATE_LIMITED'
  | 'REGISTRY_UNAVAILABLE'
  | 'REGISTRY_PROTOCOL'
  | 'REGISTRY_REDIRECT_REFUSED'
  | 'REGISTRY_REALM_REFUSED'
  | 'REGISTRY_ADDRESS_REFUSED'
  | 'REGISTRY_PLAIN_HTTP'
  | 'REGISTRY_OFFLINE'
  | 'REGISTRY_UNSUPPORTED'
  | 'REGISTRY_CREDENTIALS'
  | 'REGISTRY_LIMIT'
  | 'REGISTRY_CONFLICT'
  | 'CONTENT_DIGEST_MISMATCH'
  | 'CONTENT_SIZE_MISMATCH'
  | 'CONTENT_NOT_FOUND'
  | 'CONTENT_INVALID'
  | 'CONTENT_TYPE_MISMATCH'
  | 'CONTENT_ENCODED'
  | 'CONTENT_LIMIT'
  | 'CONTENT_NO_PLATFORM'
  | 'CONTENT_LAYOUT_INVALID'
  | 'CONTENT_LAYOUT_WRITE';

/** Makes the errors of `@gantry/oci`. */
export const ociError: ErrorTable<OciErrorCode> = defineErrors<OciErrorCode>('@gantry/oci', {
  REFERENCE_INVALID: {
    meaning: 'The text is not a reference.',
    hint: 'write it as host/repository:tag, host/repository@digest or oci-layout:DIR:tag',
  },
  REFERENCE_UNSUPPORTED: {
    meaning: 'The reference is well formed but cannot be used for this operation.',
    hint: 'name a tag or a digest, as the operation needs',
  },
  REGISTRY_UNREACHABLE: {
    meaning: 'No connection to the registry: name resolution, refused or broken connection.',
    hint: 'check the host name and port, the network and the proxy settings',
    retryable: true,
  },
  REGISTRY_TIMEOUT: {
    meaning: 'A deadline for connecting, waiting or the whole operation passed.',
    hint: 'try again, or raise the deadline under limits in gantry.yaml',
    retryable: true,
  },
  REGISTRY_TLS: {
    meaning: 'The TLS connection was refused: certificate, host name or version.',
    hint: 'give the certificate authority with --ca-file or registries.HOST.caFile',
  },
  REGISTRY_PROXY: {
    meaning: 'The proxy refused or dropped the connection.',
    hint: 'check HTTPS_PROXY, HTTP_PROXY and NO_PROXY',
    retryable: true,
  },
  REGISTRY_NOT_FOUND: {
    meaning: 'The registry does not have what was asked for.',
    hint: 'check the repository name and the tag or digest',
  },
  REGISTRY_UNAUTHORIZED: {
    meaning: 'The registry wants credentials, or refused those it got (401).',
    hint: 'log in with gantry login HOST',
  },
  REGISTRY_DENIED: {
    meaning: 'The credentials do not allow this operation (403, or a token without the action).',
    hint: 'ask for the missing permission, or log in as somebody who has it',
  },
  REGISTRY_RATE_LIMITED: {
    meaning: 'The registry answers 429 after all retries.',
    hint: 'wait, or log in: registries allow more requests to known users',
    retryable: true,
  },
  REGISTRY_UNAVAILABLE: {
    meaning: 'The registry answers with a server error after all retries.',
    hint: 'try again later; the registry reports a failure of its own',
    retryable: true,
  },
  REGISTRY_PROTOCOL: {
    meaning: 'The answer is not what the distribution specification allows.',
    hint: 'check that the host is an OCI registry and not a login page or a proxy',
  },
  REGISTRY_REDIRECT_REFUSED: {
    meaning: 'A redirect, upload location or page link leads where it must not.',
    hint: 'the registry, or something in front of it, sends requests to another place; ask its operator',
  },
  REGISTRY_REALM_REFUSED: {
    meaning: 'The token service that the registry names is not one that credentials may go to.',
    hint: 'if it is genuine, add its host to registries.HOST.tokenHosts in gantry.yaml',
  },
  REGISTRY_ADDRESS_REFUSED: {
    meaning: 'A host that a server named resolves to an address that is never dialled for it.',
    hint: 'servers may not send Gantry to loopback, private or link-local addresses',
  },
  REGISTRY_PLAIN_HTTP: {
    meaning: 'Plain HTTP would be needed but is not allowed for this host.',
    hint: 'use --plain-http or registries.HOST.plainHttp if the network is trusted',
  },
  REGISTRY_OFFLINE: {
    meaning: 'The operation needs the network, but --offline was given.',
    hint: 'leave --offline out; without network only what is installed, layouts and local files can be used',
  },
  REGISTRY_UNSUPPORTED: {
    meaning: 'The registry does not offer this operation (405, or a feature it lacks).',
    hint: 'the registry may have it switched off, as deletion often is',
  },
  REGISTRY_CREDENTIALS: {
    meaning: 'A credential file or credential helper failed or is malformed.',
    hint: 'check the file that the message names, or run the helper by hand',
  },
  REGISTRY_LIMIT: {
    meaning: 'An answer of the registry exceeds a limit: pages, redirects, size of an answer.',
    hint: 'gantry limits lists the limits; raise one under limits in gantry.yaml if the content is genuine',
  },
  REGISTRY_CONFLICT: {
    meaning: 'Somebody else changed the same tag at the same time, or something else is in its place.',
    hint: 'run the command again',
    retryable: true,
  },
  CONTENT_DIGEST_MISMATCH: {
    meaning: 'The bytes do not have the digest they were asked by.',
    hint: 'the content was tampered with or damaged; nothing of it was used',
  },
  CONTENT_SIZE_MISMATCH: {
    meaning: 'The bytes are more or fewer than the descriptor says.',
    hint: 'the content was tampered with or damaged; nothing of it was used',
  },
  CONTENT_NOT_FOUND: { meaning: 'The content is not in this source.', hint: 'check the digest' },
  CONTENT_INVALID: {
    meaning: 'A manifest, index or descriptor is malformed.',
    hint: 'publish the artifact again with a current tool',
  },
  CONTENT_TYPE_MISMATCH: {
    meaning: 'The media types that are present disagree, or the bytes are not what the type says.',
    hint: 'publish the artifact again with the right media type',
  },
  CONTENT_ENCODED: {
    meaning: 'A blob was answered with a Content-Encoding.',
    hint: 'switch off compression of answers in the registry or the proxy before it',
  },
  CONTENT_LIMIT: {
    meaning: 'Content exceeds a limit on size, depth or number.',
    hint: 'gantry limits lists the limits; raise one under limits in gantry.yaml if the content is genuine',
  },
  CONTENT_NO_PLATFORM: {
    meaning: 'The index has nothing for this platform.',
    hint: 'name one of the platforms it has with --platform',
  },
  CONTENT_LAYOUT_INVALID: {
    meaning: 'The directory is not an OCI image layout, or a part of it is unsafe.',
    hint: 'check that DIR holds oci-layout, index.json and blobs/',
  },
  CONTENT_LAYOUT_WRITE: {
    meaning: 'An OCI image layout on disk could not be written: it is full, read-only or not permitted.',
    hint: 'check the free space and the permissions of the directory',
  },
});
