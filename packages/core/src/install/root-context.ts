import { join } from 'node:path';
import type { Digest, Environment } from '@gantry/oci';
import { type PublishedModes, publishedModes } from '../archive/tree-writer.ts';
import { errorCode, makeDirectories, randomName, syncDirectory } from '../files/durable.ts';
import { type FileSystem, openFlags } from '../files/file-system.ts';

/** Where things lie under a plugin root. */
export interface RootPaths {
  readonly root: string;
  /** One write-once directory for each installed manifest, named by its digest. */
  readonly content: string;
  /** `NAME.json`: the receipt, which is also the pointer to the content that is live under that name. */
  readonly plugins: string;
  /** Private; what a crash leaves here is swept by age. */
  readonly staging: string;
  /** One write-once file for each document that a verdict rests on, named by its digest. */
  readonly evidence: string;
  /** One file for each holder of content. */
  readonly leases: string;
}

/** What the parts of one open plugin root share. */
export interface RootContext {
  readonly fileSystem: FileSystem;
  readonly clock: Pick<Environment, 'now' | 'monotonic'>;
  readonly paths: RootPaths;
}

/** The paths under an absolute root. */
export function rootPaths(root: string): RootPaths {
  return {
    root,
    content: join(root, 'content'),
    plugins: join(root, 'plugins'),
    staging: join(root, 'staging'),
    evidence: join(root, 'evidence'),
    leases: join(root, 'leases'),
  };
}

/** The directory of one content: holds `files.json` and `tree`. The name comes from a checked digest alone. */
export function contentDirectory(context: RootContext, digest: Digest): string {
  return join(context.paths.content, digest.replace(':', '-'));
}

/** The installed files of one content. */
export function treeDirectory(context: RootContext, digest: Digest): string {
  return join(contentDirectory(context, digest), 'tree');
}

/** The file of one piece of evidence. The name comes from a checked digest alone. */
export function evidenceFile(context: RootContext, digest: Digest): string {
  return join(context.paths.evidence, digest.replace(':', '-'));
}

/** Whether what is published can be written by the group, as the root itself can (OpenShift: random uid, gid 0). */
export function isGroupWritable(context: RootContext): boolean {
  return ((context.fileSystem.lstat(context.paths.root)?.mode ?? 0) & 0o020) !== 0;
}

/** The modes of what is published. */
export function rootModes(context: RootContext): PublishedModes {
  return publishedModes(isGroupWritable(context));
}

/** Creates what is missing of the root. Its own mode is left alone when it exists. */
export function createRoot(context: RootContext): void {
  const { fileSystem, paths } = context;
  makeDirectories(fileSystem, paths.root, 0o755);
  const { directory } = rootModes(context);
  for (const path of [paths.content, paths.plugins, paths.leases]) makePublic(fileSystem, path, directory);
  makePublic(fileSystem, paths.staging, isGroupWritable(context) ? 0o770 : 0o700);
  syncDirectory(fileSystem, paths.root);
}

/** A new directory with exactly this mode, whatever the umask; one that exists keeps its mode. */
export function makePublic(fileSystem: FileSystem, path: string, mode: number): void {
  if (fileSystem.lstat(path)?.isDirectory()) return;
  try {
    fileSystem.mkdir(path, mode);
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && fileSystem.lstat(path)?.isDirectory()) return;
    throw error;
  }
  const fd = fileSystem.open(path, openFlags.directory);
  try {
    fileSystem.chmod(fd, mode);
  } finally {
    fileSystem.close(fd);
  }
}

/** A new private directory in staging, to be renamed away or removed. */
export function makeStaging(context: RootContext): string {
  const path = join(context.paths.staging, randomName());
  context.fileSystem.mkdir(path, 0o700);
  return path;
}
