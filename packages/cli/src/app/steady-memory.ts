import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the young generation of the garbage collector small while content is moved. Every piece that a socket delivers
 * is a buffer outside the heap, freed only when the young generation is collected; one that grows lets a hundred
 * mebibytes of them pile up. A setting of the process, so it belongs to the command and not to a library.
 */
export function keepMemorySteady(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
