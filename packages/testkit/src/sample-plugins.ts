import { MediaType } from '@gantry/oci';
import { gzipped } from './compressed.ts';
import { forgeTar, type TarEntry } from './forge-tar.ts';
import type { BlobSpec } from './publish-artifact.ts';

/** A shell script as the raw layer of an executable plugin. */
export function executableLayer(script: string = '#!/bin/sh\ncat\n', title: string = 'plugin'): BlobSpec {
  return { content: script, title };
}

/** The smallest Wasm module, or the given one, as a layer. */
export function wasmLayer(module: Uint8Array = EMPTY_WASM, title: string = 'plugin.wasm'): BlobSpec {
  return { content: module, mediaType: MediaType.wasmLayer, title };
}

/** A tar+gzip layer with these entries. */
export function tarLayer(entries: readonly TarEntry[]): BlobSpec {
  return { content: gzipped(forgeTar(entries)), mediaType: MediaType.layerTarGzip };
}

/** `\0asm`, version 1, no sections. */
export const EMPTY_WASM: Uint8Array = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
