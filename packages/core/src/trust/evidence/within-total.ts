import type { Op } from '@gantry/oci';
import { coreError } from '../../core-errors.ts';
import { coreLimits } from '../../core-limits.ts';
import type { SignatureDocument } from '../signatures/signature-document.ts';
import type { Found } from './evidence-source.ts';

/**
 * Passes on what is found until all of it together is larger than `signatureTotalBytes`; then it says so and asks for
 * nothing more. Everything that was found is held until the verdict, and many signatures of a permitted size are many.
 */
export async function* withinTotal(
  looks: AsyncIterable<Found>,
  name: string,
  op?: Op,
): AsyncGenerator<Found, void, undefined> {
  const most = coreLimits(op, 'signatureTotalBytes');
  let total = 0;
  for await (const found of looks) {
    total += found.documents.reduce((sum, document) => sum + sizeOf(document), 0);
    if (total > most) {
      const message = `the signatures of ${name} have together more than ${most} bytes, and no more are looked at`;
      const details = { limit: 'signatureTotalBytes', expected: most, found: total };
      yield { documents: [], cut: coreError('SIGNATURE_LIMIT', message, { details }) };
      return;
    }
    yield found;
  }
}

/** As each one is measured where it is read: the bytes, and the annotations that belong to it. */
function sizeOf({ bytes, annotations }: SignatureDocument): number {
  return bytes.length + JSON.stringify(annotations).length;
}
