import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { published, repository } from '../packages.ts';
import { stage } from '../stage.ts';
import { fetchBusybox } from './fetch-busybox.ts';
import { fetchNode } from './fetch-node.ts';
import type { Target } from './target.ts';

/** The self-contained directory, in the image. */
const DIRECTORY = 'opt/gantry';

/** What starts the commands: its name is the one of the original. */
const LAUNCHERS = ['install-dynamic-plugins.sh', 'gantry'];

/**
 * Lays out the file system of the image for one platform under `root`: the bundled commands with their Node as one directory
 * that may be copied anywhere, and beside it what copies it.
 */
export async function layOut(target: Target, root: string): Promise<void> {
  rmSync(root, { recursive: true, force: true });
  const directory = join(root, DIRECTORY);
  mkdirSync(directory, { recursive: true });
  const command = published.find(({ kind }) => kind === 'command');
  if (command === undefined) throw new Error('no command is published');
  await stage(command, directory);
  renameSync(join(directory, 'dist', 'THIRD-PARTY.txt'), join(directory, 'THIRD-PARTY.txt'));
  fetchNode(target, join(directory, 'node_modules'));
  for (const name of LAUNCHERS) place(name, join(directory, name));
  // An image volume is mounted with its root: there the command has the same path as in a copy of the directory.
  place('from-volume.sh', join(root, 'install-dynamic-plugins.sh'));
  place('copy.sh', join(root, 'copy'));
  fetchBusybox(target, root);
  chmodSync(join(root, 'busybox'), 0o755);
}

function place(script: string, target: string): void {
  copyFileSync(join(repository, 'house', 'image', script), target);
  chmodSync(target, 0o755);
}
