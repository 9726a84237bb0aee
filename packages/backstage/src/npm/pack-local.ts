import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { coreError, stagingFault, syncTree, systemFileSystem } from '@gantry/core';
import { escapeRemote, type Op } from '@gantry/oci';
import type { ArchiveRules } from './package-archive.ts';
import type { PackageManifest } from './package-manifest.ts';

/**
 * Copies a local package into `destination`, which must not exist: the very files that `npm pack` would put into an archive,
 * bundled dependencies included, with the executable bits they would come out with. No script runs. Making the archive
 * and reading it again would give the same tree.
 * Throws `ARCHIVE_LIMIT` for a file above MAX_ENTRY_SIZE, `STORE_FULL`, `INSTALL_IO`.
 */
export async function packLocal(
  directory: string,
  manifest: PackageManifest,
  destination: string,
  rules: ArchiveRules,
  op?: Op,
): Promise<void> {
  const source = await realpath(directory);
  const [{ default: Arborist }, { default: listFiles }] = await Promise.all([
    import('@npmcli/arborist'),
    import('npm-packlist'),
  ]);
  const tree = await new Arborist({ path: source }).loadActual();
  const names = await listFiles(tree, { path: source });
  const isProgram = programsOf(manifest);
  const modes = rules.groupWritable
    ? { directory: 0o775, file: 0o664, program: 0o775 }
    : { directory: 0o755, file: 0o644, program: 0o755 };
  const directories = new Set<string>();
  const files: { readonly path: string }[] = [];
  try {
    await mkdir(destination, { mode: 0o700 });
    for (const path of names) {
      op?.signal?.throwIfAborted();
      const from = join(source, path);
      const { mode, size } = await lstat(from);
      if (size > rules.maxEntryBytes) throw tooLarge(path, size, rules.maxEntryBytes);
      for (const parent of parentsOf(path)) {
        if (directories.has(parent)) continue;
        directories.add(parent);
        await mkdir(join(destination, parent));
        await chmod(join(destination, parent), modes.directory);
      }
      const to = join(destination, path);
      await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      await chmod(to, (mode & 0o100) !== 0 || isProgram(path) ? modes.program : modes.file);
      files.push({ path });
    }
    await chmod(destination, modes.directory);
    await syncTree(systemFileSystem, destination, { files, directories: [...directories] });
  } catch (error) {
    throw stagingFault(error);
  }
}

/** What `bin` names comes out executable, whatever it is on disk. */
function programsOf({ content: { bin } }: PackageManifest): (path: string) => boolean {
  const named = typeof bin === 'string' ? [bin] : Object.values((bin ?? {}) as Record<string, unknown>);
  const paths = named.filter((path) => typeof path === 'string');
  const programs = new Set(paths.map((path) => posix.join('/', path).slice(1)));
  // npm takes the first segment for that of the archive, also where there is none yet: `bin/x.js` stays as it is.
  return (path) => programs.has(path.replace(/^[^/]*\//, ''));
}

/** Every directory above a file, the highest first. */
function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = dirname(path); at !== '.'; at = dirname(at)) parents.unshift(at);
  return parents;
}

function tooLarge(path: string, size: number, limit: number): Error {
  const entry = escapeRemote(path);
  return coreError('ARCHIVE_LIMIT', `Zip bomb detected in ${entry}: ${size} bytes, at most ${limit} are allowed`, {
    details: { limit: 'archiveEntryBytes', expected: limit, found: size, entry },
  });
}
