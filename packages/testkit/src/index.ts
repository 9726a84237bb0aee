export {
  type Authority,
  type CertificateOptions,
  type CertifiedKey,
  certificateAuthority,
  selfSigned,
} from './certificate.ts';
export type { Cleanup } from './cleanup.ts';
export { gzipBomb, gzipped, zstdBomb, zstdCompressed, zstdWithWindow } from './compressed.ts';
export { type FakeClock, type FakeClockOptions, fakeClock } from './fake-clock.ts';
export {
  type FakeEnvironment,
  type FakeEnvironmentOptions,
  fakeEnvironment,
  type HostAnswer,
} from './fake-environment.ts';
export {
  flipByte,
  flippedByte,
  flippingTag,
  lyingDigest,
  redirected,
  statefulUploads,
  warning,
  withoutDelete,
  withoutFilter,
  withoutRanges,
  withoutReferrers,
  withoutSubjectHeader,
} from './faults.ts';
export { type FaultyFileSystem, type FileCall, type FileFault, faultyFileSystem } from './faulty-file-system.ts';
export { forgeTar, paxRecords, type TarEntry, type TarOptions, type TarType } from './forge-tar.ts';
export { type ForgetfulFileSystem, forgetfulFileSystem } from './forgetful-file-system.ts';
export { type HubImage, type HubImageOptions, type HubWorld, hubWorld } from './hub-world.ts';
export { installArtifact } from './install-artifact.ts';
export { type ChildEnd, type KillOptions, killingFileSystem, runUntilKilled } from './kill-points.ts';
export { type Listening, listenOnLoopback } from './listen.ts';
export {
  type NpmRegistry,
  type NpmRegistryOptions,
  type NpmRequest,
  type NpmVersion,
  npmTarball,
  type PublishedPackage,
  startNpmRegistry,
} from './npm-registry.ts';
export { type ArtifactSpec, type BlobSpec, type PublishedArtifact, publishArtifact } from './publish-artifact.ts';
export { testExamples } from './readme-examples.ts';
export type { RecordedCase, RecordedSignature, RecordedSigner, RecordedWorkflow } from './recorded/recorded-case.ts';
export { type RecordedPyYaml, type RecordedValue, recordedPyYaml } from './recorded/recorded-pyyaml.ts';
export { type RecordedSignatures, recordedSignatures } from './recorded/recorded-signatures.ts';
export type { NeededAccess, RegistryAuth } from './registry-auth.ts';
export type { LoggedRequest, RequestLog } from './request-log.ts';
export { EMPTY_WASM, executableLayer, tarLayer, wasmLayer } from './sample-plugins.ts';
export { type ScriptedRegistry, type ScriptOptions, scriptedRegistry } from './scripted-registry.ts';
export type { AnswerHeaders, Rule, RuleEffect } from './scripted-rule.ts';
export { type AttachBundleOptions, type AttachSimpleOptions, attachBundle, attachSimple } from './sigstore/attach.ts';
export { type AuthorityOptions, type LabAuthority, labAuthority } from './sigstore/authority.ts';
export type { BundleJson, EnvelopeJson, LogEntryJson } from './sigstore/bundle-json.ts';
export type { CertificateRequest, LabCertificate } from './sigstore/certificate.ts';
export { type Edit, edited, flipped } from './sigstore/edited.ts';
export { preAuthEncoding, signEnvelope } from './sigstore/envelope.ts';
export type { FulcioClaims, IssuerClaim } from './sigstore/fulcio-extensions.ts';
export { GITHUB_ISSUER, type GithubRun, githubIdentity } from './sigstore/github-identity.ts';
export {
  certificatePem,
  type LabHash,
  type LabKeyPair,
  type LabKeyType,
  labKeyPair,
  publicPem,
  signature,
  spki,
} from './sigstore/keys.ts';
export { type LabPems, type SigstoreLab, type SigstoreLabOptions, sigstoreLab } from './sigstore/lab.ts';
export type { LabServices, ServeLabOptions } from './sigstore/serve-lab.ts';
export type { ServiceAnswer, ServiceRequest } from './sigstore/service.ts';
export {
  type BundleOptions,
  type BundleSubject,
  COSIGN_SIGN_PREDICATE,
  type SignedBundle,
} from './sigstore/sign-bundle.ts';
export {
  type SignedSimple,
  SimpleAnnotation,
  type SimpleOptions,
  type SimplePayload,
} from './sigstore/sign-simple.ts';
export type { SignerOptions } from './sigstore/signer.ts';
export type {
  ServiceSelector,
  SigningConfigJson,
  SigningConfigOptions,
  SigningServiceJson,
} from './sigstore/signing-config.ts';
export type { TimestampOptions } from './sigstore/timestamp.ts';
export type { TokenOptions, TokenSubject } from './sigstore/tokens.ts';
export type { LogBody, LogOptions, TransparencyLog } from './sigstore/transparency-log.ts';
export type { TrustedRootJson } from './sigstore/trusted-root.ts';
export type { TufRole } from './sigstore/tuf-metadata.ts';
export {
  type TufPublication,
  type TufRepository,
  type TufRepositoryOptions,
  type TufState,
  tufRepository,
} from './sigstore/tuf-repository.ts';
export type { X509Extension } from './sigstore/x509.ts';
export { KeyUse, type SubjectName } from './sigstore/x509-extensions.ts';
export { type Sink, type SinkAnswer, type SinkOptions, startSink } from './sink.ts';
export { startRegistry, type TestRegistry } from './start-registry.ts';
export { storageSink } from './storage-sink.ts';
export {
  type ContentSourceFactory,
  type ContentSourcePart,
  type ContentSourceSubject,
  contentSourceSuite,
  type SkippedParts,
} from './suites/content-source-suite.ts';
export { type ContentStoreFactory, contentStoreSuite } from './suites/content-store-suite.ts';
export { type CredentialSourceFactory, credentialSourceSuite } from './suites/credential-source-suite.ts';
export {
  type RepositoryFactory,
  type RepositoryPart,
  type RepositorySubject,
  repositorySuite,
} from './suites/repository-suite.ts';
export {
  type RuntimeFactory,
  type RuntimeSubject,
  runtimeSuite,
  type SpecimenBehaviour,
} from './suites/runtime-suite.ts';
export {
  COLLIDING_NAMES,
  ESCAPING_NAMES,
  HOSTILE_LINKS,
  SPECIAL_FILES,
  SPECIAL_MODES,
  type TarCase,
  TRAVERSALS,
  UNPORTABLE_NAMES,
} from './tar-corpus.ts';
export type { TarField, TarNumber } from './tar-header.ts';
export { tempDir } from './temp-dir.ts';
export { startTlsFront, type TlsFront } from './tls-front.ts';
export {
  startTokenServer,
  type TokenAnswer,
  type TokenRequest,
  type TokenServer,
  type TokenServerOptions,
} from './token-server.ts';
export { unsyncedFileSystem } from './unsynced-file-system.ts';
