/** What publishes, pins and mirrors. */
export type Publishing = typeof import('./publishing.ts');

/** Loads what publishes, pins and mirrors plugins, which an installation has no use for. */
export function loadPublishing(): Promise<Publishing> {
  return import('./publishing.ts');
}
