export * from './core-errors.ts';
export * from './core-limits.ts';
export { type FileSystem, openFlags, systemFileSystem } from './files/file-system.ts';
export { Installed, type InstalledFacts } from './install/installed.ts';
export * from './source/plugin.ts';
export * from './store/content-store.ts';
export * from './trust/verdict.ts';
export { VerifiedPlugin } from './trust/verified-plugin.ts';
