import type { Selection } from './selection.ts';

/**
 * A set of checks under which an archive is read.
 *
 * | profile | links | names | modes |
 * |---|---|---|---|
 * | `strict` | any link is an error | collisions and reserved names are errors everywhere | 0644 |
 * | `package` | inside the top directory kept, outside an error | errors where the file system collides | +x from the owner bit |
 * | `image` | inside kept, outside skipped and reported, whiteouts | as `package` | +x from the owner bit |
 *
 * With a selection the top directories of an image stand for themselves: a link from one into another leads out.
 * Hard links become copies. Devices, FIFOs and sockets are errors in all of them.
 */
export type ArchiveProfile = 'strict' | 'package' | 'image';

/** The rules that a profile stands for, on one platform. */
export interface ArchiveRules {
  readonly profile: ArchiveProfile;
  readonly links: boolean;
  readonly whiteouts: boolean;
  /** Names must be usable, and different from each other, on every operating system. */
  readonly portableNames: boolean;
  readonly executables: boolean;
  /** Directories and files can be written by the group (a plugin root shared by a group, as on OpenShift). */
  readonly groupWritable: boolean;
  readonly selection: Selection | undefined;
}

/** The rules of a profile. Windows needs portable names whatever the profile. */
export function archiveRules(
  profile: ArchiveProfile,
  groupWritable: boolean,
  selection?: Selection,
  platform: NodeJS.Platform = process.platform,
): ArchiveRules {
  return {
    profile,
    links: profile !== 'strict',
    whiteouts: profile === 'image',
    portableNames: profile === 'strict' || platform === 'win32',
    executables: profile !== 'strict',
    groupWritable,
    selection,
  };
}
