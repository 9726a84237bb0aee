import type { Descriptor, Op } from '@gantry/oci';

/**
 * An open file that somebody may still be writing, so that a layer can be inflated while it is downloaded.
 * Nothing may be published from it before {@link whole} is fulfilled. Disposing closes the descriptor.
 */
export interface GrowingFile extends AsyncDisposable {
  /** Open for reading; valid in every thread of the process until disposed. */
  readonly fd: number;
  /** Bytes that can be read now. */
  readonly available: number;
  /** Calls back when more can be read; one listener. */
  onGrowth(listener: (available: number) => void): void;
  /** Fulfilled when everything is there, hashed and durable; rejected when it will never be. */
  readonly whole: Promise<void>;
}

/** Where the layers of an extraction come from. `DiskStore.supply` makes one. */
export interface LayerSupply {
  open(layer: Descriptor, op?: Op): Promise<GrowingFile>;
  /** Called when the bytes read were not those of the descriptor: the next `open` must not give them again. */
  reject(layer: Descriptor): void;
}
