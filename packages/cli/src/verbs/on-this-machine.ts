// Loaded as one: verbs about what is installed. Nothing here may import what talks to registries.
export { cacheList, cachePrune, cacheVerify } from './cache.ts';
export { list } from './list.ts';
export { remove } from './remove.ts';
export { run } from './run.ts';
export { why } from './why.ts';
