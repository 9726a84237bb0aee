export * from './backstage-errors.ts';
export * from './backstage-limits.ts';
