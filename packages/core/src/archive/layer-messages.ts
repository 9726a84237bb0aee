import { type ErrorDetails, isGantryError, ociError } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { LayerJob } from './extract-layer.ts';
import type { LayerListing } from './layer-listing.ts';

/** What a worker is told, about the layer that has this number among all of the process. */
export type LayerOrder =
  | { readonly layer: number; readonly task: LayerTask }
  | { readonly layer: number; readonly available: number };

/** What the worker is to do with one layer. */
export interface LayerTask {
  readonly job: LayerJob;
  readonly limits: Readonly<Record<string, number>>;
  /** Bytes that can be read at the start; later numbers come as messages. */
  readonly available: number;
  /** Bytes between two progress messages. */
  readonly reportEvery: number;
}

/** What it says. */
export type LayerAnswer =
  | { readonly type: 'progress'; readonly done: number }
  | { readonly type: 'done'; readonly listing: LayerListing }
  | { readonly type: 'failed'; readonly error: PackedError };

/** An error on its way between threads, where classes do not survive. */
export interface PackedError {
  readonly code: string;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** Takes an error apart. Errors that are no Gantry errors keep their message only. */
export function packError(error: unknown): PackedError {
  if (isGantryError(error)) return { code: error.code, message: error.message, details: error.details };
  return { code: '', message: error instanceof Error ? error.message : String(error), details: {} };
}

/** Puts it together again, with the hint of its code. */
export function unpackError(packed: PackedError): Error {
  const options = { details: packed.details };
  if (isCodeOf(coreError.specs, packed.code)) return coreError(packed.code, packed.message, options);
  if (isCodeOf(ociError.specs, packed.code)) return ociError(packed.code, packed.message, options);
  return new Error(packed.message);
}

function isCodeOf<Code extends string>(specs: Readonly<Record<Code, unknown>>, code: string): code is Code {
  return Object.hasOwn(specs, code);
}
