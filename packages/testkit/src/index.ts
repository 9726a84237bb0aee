export type { Cleanup } from './cleanup.ts';
export {
  flipByte,
  flippedByte,
  flippingTag,
  lyingDigest,
  redirected,
  warning,
  withoutDelete,
  withoutFilter,
  withoutRanges,
  withoutReferrers,
  withoutSubjectHeader,
} from './faults.ts';
export type { NeededAccess, RegistryAuth } from './registry-auth.ts';
export type { LoggedRequest, RequestLog } from './request-log.ts';
export { type ScriptedRegistry, type ScriptOptions, scriptedRegistry } from './scripted-registry.ts';
export type { AnswerHeaders, Rule, RuleEffect } from './scripted-rule.ts';
export { startRegistry, type TestRegistry } from './start-registry.ts';
export { tempDir } from './temp-dir.ts';
export {
  startTokenServer,
  type TokenAnswer,
  type TokenRequest,
  type TokenServer,
  type TokenServerOptions,
} from './token-server.ts';
