import type { Digest } from './digest.ts';

/** Names content: in a registry or in an OCI layout on disk. */
export type Reference = RegistryReference | LayoutReference;

/** `[oci://]host[:port]/repository[:tag][@digest][!path]`; Docker Hub short names are normalised. */
export interface RegistryReference {
  readonly kind: 'registry';
  /** Host and port as written, lower-case, Docker Hub as `docker.io`, IPv6 in brackets. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
  /** Path inside the artifact, after `!`. */
  readonly path?: string;
}

/** `oci-layout:DIR[:tag|@digest][!path]`. */
export interface LayoutReference {
  readonly kind: 'layout';
  readonly directory: string;
  readonly tag?: string;
  readonly digest?: Digest;
  readonly path?: string;
}
