export { type DirectoryStorageOptions, directoryStorage } from './directory-storage.ts';
export { type MemoryStorageOptions, memoryStorage } from './memory-storage.ts';
export { type RegistryErrorCode, registryError } from './registry-errors.ts';
export { type RegistryLimitName, registryLimits } from './registry-limits.ts';
export { type RegistryOptions, type RegistryServer, type RequestHook, serveRegistry } from './serve.ts';
export type { NewManifest, RegistryStorage, StorageUpload, StoredBlob, StoredManifest } from './storage.ts';
