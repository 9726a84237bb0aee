export type { Cleanup } from './cleanup.ts';
export type { LoggedRequest, RequestLog } from './request-log.ts';
export { startRegistry, type TestRegistry } from './start-registry.ts';
export { tempDir } from './temp-dir.ts';
