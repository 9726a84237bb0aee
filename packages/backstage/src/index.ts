export * from './backstage-errors.ts';
export * from './backstage-limits.ts';
export { type Explanation, explainPlugin, listDynamicPlugins } from './install/explain-plugin.ts';
export { type InstallOutcome, installDynamicPlugins } from './install/install-dynamic-plugins.ts';
export type { LogSink } from './install/log-sink.ts';
export { failureLines, type InstallReport, type PluginReport } from './install/plugin-report.ts';
export type { InstallOptions } from './install/run-context.ts';
export { writeTerminationMessage } from './install/termination-message.ts';
export { type PlainValue, plainValue } from './yaml/plain-value.ts';
