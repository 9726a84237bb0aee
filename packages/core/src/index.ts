export type { ArchiveProfile } from './archive/archive-profile.ts';
export { archiveCompression, type Compression, sniffCompression } from './archive/compression.ts';
export { type ExtractOptions, extractLayers } from './archive/extract-layers.ts';
export type { ExtractedFile, Extraction } from './archive/extraction.ts';
export type { SkippedLink } from './archive/merged-tree.ts';
export * from './core-errors.ts';
export * from './core-limits.ts';
export { type FileSystem, openFlags, systemFileSystem } from './files/file-system.ts';
export type { GrowingFile, LayerSupply } from './files/growing-file.ts';
export { Installed, type InstalledFacts } from './install/installed.ts';
export {
  type PlatformPath,
  type PublishedPlugin,
  type PublishRequest,
  publishPlugin,
} from './publish/publish-plugin.ts';
export * from './source/plugin.ts';
export * from './store/content-store.ts';
export { openStore, type StoreOptions } from './store/open-store.ts';
export * from './trust/verdict.ts';
export { VerifiedPlugin } from './trust/verified-plugin.ts';
