export * from './build-manifest.ts';
export { type ChosenManifest, chooseManifest } from './choose-manifest.ts';
export { choosePlatform, isManifestEntry, type PlatformOptions } from './choose-platform.ts';
export * from './content.ts';
export { type CopyOptions, copyGraph } from './copy/copy-graph.ts';
export * from './credentials/credential.ts';
export { type DockerCredentialsOptions, dockerCredentials } from './credentials/docker-credentials.ts';
export { findProgram } from './credentials/find-program.ts';
export { type LoginCredential, type LoginOptions, type LoginResult, login, logout } from './credentials/login.ts';
export * from './descriptor.ts';
export {
  createHasher,
  type Digest,
  type DigestAlgorithm,
  digestAlgorithm,
  digestHex,
  digestOf,
  type Hasher,
  isDigest,
  parseDigest,
} from './digest.ts';
export * from './environment.ts';
export * from './errors.ts';
export * from './escape.ts';
export * from './json.ts';
export * from './layout/open-layout.ts';
export * from './limits.ts';
export * from './manifest.ts';
export * from './media-types.ts';
export * from './memory-repository.ts';
export * from './oci-errors.ts';
export * from './oci-limits.ts';
export * from './op.ts';
export * from './platform.ts';
export * from './reference.ts';
export { isTag } from './reference-grammar.ts';
export { openRepository, type ReadPlace, type RepositoryOptions } from './remote/open-repository.ts';
export { type CompanionSuffix, companionTag, resolveTag, tagReference } from './resolve-tag.ts';
export { type AddressKind, addressKind, unmapAddress } from './transport/addresses.ts';
export { type Dialled, dial, type Endpoint } from './transport/dial.ts';
export { openTransport } from './transport/open-transport.ts';
export { type Origin, originOf } from './transport/origin.ts';
export * from './transport/transport.ts';
export * from './verified-stream.ts';
