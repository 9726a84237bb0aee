export { stagingFault } from './archive/archive-fault.ts';
export type { ArchiveProfile } from './archive/archive-profile.ts';
export { type ExtractOptions, extractLayers } from './archive/extract-layers.ts';
export type { ExtractedFile, Extraction } from './archive/extraction.ts';
export { createGate, type Gate } from './archive/gate.ts';
export { inflateThreads } from './archive/inflate-slots.ts';
export {
  type LayerPool,
  type LayerPoolOptions,
  openLayerPool,
  type PooledExtraction,
  type PooledImage,
} from './archive/layer-pool.ts';
export type { SkippedLink } from './archive/merged-tree.ts';
export type { Selection } from './archive/selection.ts';
export { spoolLayers } from './archive/spool-layers.ts';
export { configJsonSchema } from './config/config-json-schema.ts';
export {
  type BackstageSettings,
  type Configuration,
  DEFAULT_CONFIGURATION,
  type GrantSettings,
  type PluginEntry,
} from './config/configuration.ts';
export { type ConfigSearch, loadConfig, userConfigFile } from './config/load-config.ts';
export { parseQuantity } from './config/quantity.ts';
export type { KnownLimits } from './config/raw-config.ts';
export { recordTokenHost } from './config/record-token-host.ts';
export * from './core-errors.ts';
export * from './core-limits.ts';
export { errorCode, makeDirectories, publishFile, randomName, removeQuietly, syncDirectory } from './files/durable.ts';
export { type FileSystem, openFlags, systemFileSystem } from './files/file-system.ts';
export type { GrowingFile, LayerSupply } from './files/growing-file.ts';
export { readNamedFile } from './files/read-named-file.ts';
export { syncTree } from './files/sync-tree.ts';
export { type Examination, type ExaminedReference, examineReference } from './gantry/examine-reference.ts';
export type { ExplainedClause, ExplainedTrustRoot, TrustExplanation } from './gantry/explain-trust.ts';
export {
  installLocked,
  type LockedRequest,
  type LockedSet,
  type LockedSetOptions,
  planLocked,
} from './gantry/install-locked.ts';
export type { SetOptions, SetOutcome } from './gantry/install-set.ts';
export { installedAlready } from './gantry/installed-already.ts';
export { type Gantry, type GantryOptions, type InstallRequest, openGantry } from './gantry/open-gantry.ts';
export { openSources, type Sources, type SourcesOptions } from './gantry/open-sources.ts';
export { type TagDigest, tagDigests } from './gantry/tag-digests.ts';
export { installFault } from './install/install-fault.ts';
export { Installed, type InstalledFacts } from './install/installed.ts';
export type { Plan } from './install/plan.ts';
export {
  type Explanation,
  type ListedPlugin,
  openPluginRoot,
  type PluginRoot,
  type PluginRootOptions,
  type ReverifiedPlugin,
} from './install/plugin-root.ts';
export type { InstallOptions, PreparedInstall } from './install/prepare.ts';
export { readRegularFile } from './install/read-file.ts';
export type { Receipt, ReceiptEntry } from './install/receipt.ts';
export { RecordFields } from './install/record-fields.ts';
export { lockDrift } from './lock/lock-drift.ts';
export { type Lock, type LockEntry, type LockedPlatform, lockEntryOf } from './lock/lock-file.ts';
export { lockSource } from './lock/lock-source.ts';
export { lockPath, readLock, writeLock } from './lock/lock-store.ts';
export type { LockChange } from './lock/merge-lock.ts';
export * from './plugin/plugin.ts';
export { checkPluginName, isPluginName } from './plugin/plugin-name.ts';
export { encodeDynamicPackages, type NodePackage, readNodePackage } from './publish/node-package.ts';
export { type PackedDirectory, packDirectory } from './publish/pack-directory.ts';
export {
  type PlatformPath,
  type PublishedPlugin,
  type PublishRequest,
  publishPlugin,
} from './publish/publish-plugin.ts';
export { publishSigned, type SignedPublication } from './publish/publish-signed.ts';
export { type WriteOptions, type WrittenFile, writeArtifact } from './pull/write-artifact.ts';
export { findIdentityToken, type IdentityToken, identityToken } from './sign/identity-token.ts';
export type { KeyAlgorithm, SignatureHash } from './sign/key-algorithm.ts';
export { generateKeyPair, type KeyPair } from './sign/key-pair.ts';
export { keySigner, openKeySigner } from './sign/key-signer.ts';
export { type KeylessOptions, type KeylessSigner, openKeylessSigner } from './sign/keyless-signer.ts';
export type { Password } from './sign/private-key.ts';
export { type SignOptions, signArtifact, type WrittenSignature } from './sign/sign-artifact.ts';
export type { SigningFormat } from './sign/signature-writer.ts';
export type { Signer } from './sign/signer.ts';
export {
  fetchSigningConfig,
  parseSigningConfig,
  readSigningConfig,
  type ServiceGroup,
  type SigningConfig,
  type SigningService,
} from './sign/signing-config.ts';
export type { Claims as SigningClaims } from './sign/statement.ts';
export type { Witnesses } from './sign/witness-signature.ts';
export { type KeyFiles, type WriteKeyOptions, writeKeyPair } from './sign/write-key-pair.ts';
export { type Claims, claimedKind, DYNAMIC_PACKAGES } from './source/claims.ts';
export { downloadTarball, type TarballDownload, tarballMediaType } from './source/download-tarball.ts';
export { HEAD_BYTES } from './source/magic.ts';
export { resolveReference } from './source/oci-source.ts';
export { isPath } from './source/source-text.ts';
export * from './store/content-store.ts';
export { openStore, type StoreOptions } from './store/open-store.ts';
export { currentProcess, isGone, isSameProcess, type ProcessIdentity } from './store/process-identity.ts';
export { completeRequirement, type RequirementParts } from './trust/complete-requirement.ts';
export type { Found } from './trust/evidence/evidence-source.ts';
export { gatherSignatures } from './trust/evidence/gather.ts';
export type {
  Consent,
  ConsentEvidence,
  Evidence,
  ManifestEvidence,
  PinEvidence,
  SignatureEvidence,
} from './trust/evidence.ts';
export { type JudgeOptions, judge } from './trust/judge.ts';
export type { SignatureTools } from './trust/judge-signed.ts';
export { lazyTrustRoots, trustRootsAtHand } from './trust/lazy-trust-roots.ts';
export { openTrustRoots, type TrustRootsOptions } from './trust/material/open-trust-roots.ts';
export { trustRootFromPem } from './trust/material/pem-texts.ts';
export type { PemFile } from './trust/material/pem-trust-root.ts';
export { policyKey } from './trust/material/policy-key.ts';
export { readPolicyKey } from './trust/material/read-policy-key.ts';
export {
  type KeptTrustRoots,
  type LoadedTrustRoot,
  type PemPart,
  type PemParts,
  PUBLIC_GOOD_MIRROR,
  type TrustRootFacts,
  type TrustRootSource,
  type TrustRoots,
  type TrustRootUpdate,
} from './trust/material/trust-root.ts';
export { clausesFor, DEFAULT_POLICY, type Policy, type PolicyClause, type Requirement } from './trust/policy.ts';
export { policyDigest } from './trust/policy-digest.ts';
export type { IdentityRule, PolicyKey, SignatureRequirement, TextRule } from './trust/requirement.ts';
export type * from './trust/signatures/accepted-signature.ts';
export { BUNDLE_MEDIA_TYPES } from './trust/signatures/bundle-version.ts';
export { evidenceDigest } from './trust/signatures/evidence-digest.ts';
export { decodeEvidence, encodeEvidence } from './trust/signatures/evidence-file.ts';
export type { FormatJudge } from './trust/signatures/format-judge.ts';
export { judgeSignature } from './trust/signatures/judge-signature.ts';
export { type JudgedSignatures, judgeSignatures } from './trust/signatures/judge-signatures.ts';
export { SIMPLE_SIGNING_MEDIA_TYPE } from './trust/signatures/read-simple-signing.ts';
export type * from './trust/signatures/signature-document.ts';
export type * from './trust/signatures/signature-question.ts';
export type { SigningMemory, SigningTime } from './trust/signing-memory.ts';
export { signingTimes } from './trust/signing-times.ts';
export { textOfRule } from './trust/text-rule.ts';
export * from './trust/verdict.ts';
export { type EvidenceFile, type Grounds, VerifiedPlugin } from './trust/verified-plugin.ts';
