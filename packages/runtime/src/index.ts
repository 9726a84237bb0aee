export { loadPlugin } from './load-plugin.ts';
export * from './plugin.ts';
export * from './runtime-errors.ts';
export * from './runtime-limits.ts';
