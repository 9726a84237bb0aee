// Loaded as one, by those who publish: whoever installs needs none of it.
export { exampleConfiguration } from './example-configuration.ts';
export type { ExportedPlugin } from './exported-plugin.ts';
export type { HubOptions } from './hub-sources.ts';
export { type MirrorPlace, mirrorPlace } from './mirror-place.ts';
export type { MirroredImage, MirroredPackage, MirrorRecord } from './mirror-record.ts';
export { type MirroredDirectory, mirrorToDirectory } from './mirror-to-directory.ts';
export { type MirroredRegistry, type MirrorTarget, mirrorToRegistry, type PushedImage } from './mirror-to-registry.ts';
export { type PackageIntegrity, packageIntegrity } from './package-integrity.ts';
export type { PinnedConfiguration, PinnedEntry } from './pin-configuration.ts';
export { type PinFile, pinFile } from './pin-file.ts';
export { type CatalogIndexRequest, publishCatalogIndex } from './publish-catalog-index.ts';
export type { ImageRequest, PublishedImage } from './publish-image.ts';
export { type PluginsRequest, type PublishedPlugins, publishPlugins } from './publish-plugins.ts';
export { REGISTRIES_CONF_MARK } from './registries-conf-text.ts';
