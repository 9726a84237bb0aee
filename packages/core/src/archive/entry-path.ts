import type { Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import { entryFault, limitFault } from './archive-fault.ts';

/** Largest lengths of a path and its parts, read once for a whole archive. */
export interface PathLimits {
  readonly depth: number;
  readonly nameBytes: number;
  readonly pathBytes: number;
}

/** The path limits of an operation. */
export function pathLimits(op?: Op): PathLimits {
  return {
    depth: coreLimits(op, 'archiveDepth'),
    nameBytes: coreLimits(op, 'archiveNameBytes'),
    pathBytes: coreLimits(op, 'archivePathBytes'),
  };
}

const RESERVED = /^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$)$/i;
const SHORT_NAME = /^[^.]{1,8}~[0-9]+(?:\.[^.]{0,3})?$/;
const ASCII = /^[\u0000-\u007f]*$/;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const NOT_PORTABLE = /[<>:"|?*\\]/;
/** Characters that some file systems ignore in names. */
const IGNORED = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * The path of an entry, relative, with `/` between segments; empty for the root itself. A leading `./` and the `/` behind
 * a directory, which tar writes, go away; nothing else is repaired. Throws `ARCHIVE_UNSAFE_PATH` for anything that leads
 * out of the archive or, where `portable`, is not a plain name on every system; `ARCHIVE_LIMIT` when it is too long or deep.
 */
export function checkEntryPath(raw: string, directory: boolean, portable: boolean, limits: PathLimits): string {
  const length = Buffer.byteLength(raw);
  if (length > limits.pathBytes) throw limitFault('archivePathBytes', limits.pathBytes, length);
  if (directory && (raw === './' || raw === '.')) return '';
  let path = raw.startsWith('./') ? raw.slice(2) : raw;
  if (directory && path.endsWith('/')) path = path.slice(0, -1);
  const segments = path.split('/');
  if (segments.length > limits.depth) throw limitFault('archiveDepth', limits.depth, segments.length);
  for (const segment of segments) {
    const problem = segmentProblem(segment, portable);
    if (problem !== undefined) throw entryFault('ARCHIVE_UNSAFE_PATH', raw, problem);
    if (Buffer.byteLength(segment) > limits.nameBytes) {
      throw limitFault('archiveNameBytes', limits.nameBytes, Buffer.byteLength(segment));
    }
  }
  return path;
}

/** What makes a segment unusable as a name; undefined when nothing does. */
export function segmentProblem(segment: string, portable: boolean): string | undefined {
  if (segment === '') return 'is absolute or has an empty segment';
  if (segment === '.' || segment === '..') return `has a segment ${segment}`;
  if (CONTROL.test(segment)) return 'has a control character';
  if (!portable) return undefined;
  if (NOT_PORTABLE.test(segment)) return 'has a character that is not portable';
  if (segment.endsWith('.') || segment.endsWith(' ')) return 'has a segment that ends with a dot or a space';
  if (RESERVED.test((segment.split('.', 1)[0] ?? '').trimEnd())) return 'has a name that Windows reserves';
  if (SHORT_NAME.test(segment)) return 'looks like a short name of Windows';
  return undefined;
}

/** The same text for all paths that some file system takes for the same: case, composition, ligatures, ignored characters. */
export function foldPath(path: string): string {
  if (ASCII.test(path)) return path.toLowerCase();
  return path.replace(IGNORED, '').normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
