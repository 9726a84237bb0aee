import { type Descriptor, escapeRemote, type Op } from '@gantry/oci';
import { segmentProblem } from '../archive/entry-path.ts';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';

const TITLE = 'org.opencontainers.image.title';
/** What changes how a name looks, or has no agreed look. */
const DECEPTIVE = /[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u;

// SAFETY B10: a title is text from elsewhere; only its last segment can become a file name, and only a portable one.
/**
 * The file name that a layer's title gives: what follows the last separator of either kind. Undefined without a title.
 * Throws `ARCHIVE_UNSAFE_PATH` when that cannot be the name of a file on every system.
 */
export function layerFileName(layer: Descriptor, op?: Op): string | undefined {
  const title = layer.annotations?.[TITLE];
  if (title === undefined) return undefined;
  const name = title.slice(Math.max(title.lastIndexOf('/'), title.lastIndexOf('\\')) + 1);
  const limit = coreLimits(op, 'titleBytes');
  const safe =
    segmentProblem(name, true) === undefined &&
    !DECEPTIVE.test(name) &&
    name === name.normalize('NFC') &&
    Buffer.byteLength(name) <= limit;
  if (safe) return name;
  throw coreError('ARCHIVE_UNSAFE_PATH', `${layer.digest}: its title "${escapeRemote(title, 80)}" is no file name`, {
    details: { digest: layer.digest, title: escapeRemote(title, 80), limit },
  });
}
