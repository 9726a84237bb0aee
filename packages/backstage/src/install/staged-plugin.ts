/** A plugin that lies whole in staging, its bytes checked, and can take its place in the root. */
export interface StagedPlugin {
  /** Absolute path of the directory in staging. */
  readonly directory: string;
  /** Name of the directory that it becomes in the root: one segment, checked. */
  readonly name: string;
  /** `alg:hex` of the image's root manifest or index; undefined for other packages. */
  readonly digest: string | undefined;
  /** `sha512-…` of the bytes of the tarball; undefined for images and local directories. */
  readonly integrity: string | undefined;
  /** The clause of the trust policy that accepted it, or `unsigned`. */
  readonly signer: string;
  /** Downloaded for this plugin; what several share counts for the first. */
  readonly bytes: number;
}
