/** `sha256:<64 hex>` or `sha512:<128 hex>`, checked (OCI image-spec, descriptor.md, "Digests"). */
export type Digest = `sha256:${string}` | `sha512:${string}`;
