import type { Descriptor, GantryError, Op } from '@gantry/oci';
import type { SignatureDocument } from '../signatures/signature-document.ts';

/** What one look brought. */
export interface Found {
  readonly documents: readonly SignatureDocument[];
  /** Why a candidate cannot be used. It hides no other, and it is no pass. */
  readonly fault?: GantryError;
  /** There is more here than is looked at; what was found so far is not the whole answer. */
  readonly cut?: GantryError;
}

/**
 * A place in which things lie that speak for a manifest. It finds and reads; whether anything of it is genuine is for a
 * judge of its format to say.
 */
export interface EvidenceSource {
  /**
   * Yields what there is about `subject`, the likeliest first. Nothing is asked before the reader wants the next one, so a
   * reader that has enough just stops. Yields nothing where there is nothing; a place that cannot be asked throws
   * (`REGISTRY_*`), for it has not said that there is nothing.
   */
  find(subject: Descriptor, op?: Op): AsyncIterable<Found>;
}
