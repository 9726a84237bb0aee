/** Media types of OCI image-spec 1.0 and 1.1, of Docker's schema 2, and of what Gantry publishes. */
export const MediaType = {
  imageManifest: 'application/vnd.oci.image.manifest.v1+json',
  imageIndex: 'application/vnd.oci.image.index.v1+json',
  imageConfig: 'application/vnd.oci.image.config.v1+json',
  /** Withdrawn before image-spec 1.1; read, never written. */
  artifactManifest: 'application/vnd.oci.artifact.manifest.v1+json',
  /** The two bytes `{}`, where a config or layer is required but there is none. */
  empty: 'application/vnd.oci.empty.v1+json',
  layerTar: 'application/vnd.oci.image.layer.v1.tar',
  layerTarGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerTarZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  wasmLayer: 'application/vnd.wasm.v1.layer+wasm',
  wasmConfig: 'application/vnd.wasm.v1.config+json',
  wasm: 'application/wasm',
  octetStream: 'application/octet-stream',
} as const;

/** What a registry is asked for when a manifest of any readable kind is wanted. */
export const MANIFEST_TYPES: readonly string[] = [
  MediaType.imageManifest,
  MediaType.imageIndex,
  MediaType.dockerManifest,
  MediaType.dockerManifestList,
  MediaType.artifactManifest,
];

/** Whether content of this media type lists manifests. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === MediaType.imageIndex || mediaType === MediaType.dockerManifestList;
}

/** Whether content of this media type is a manifest or an index that {@link parseManifest} reads. */
export function isManifestType(mediaType: string): boolean {
  return MANIFEST_TYPES.includes(mediaType);
}
