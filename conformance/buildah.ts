/** Images as buildah makes them, with the very lines that `rhdh-cli plugin package` gives it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from '@gantry/testkit';
import { run, temporaryDirectory } from './processes.ts';

/** buildah with a storage of its own. */
export interface Buildah {
  /** Builds what is in `context` for linux/amd64 and pushes it, with the credentials of a file. */
  push(context: string, reference: string, annotations?: Annotations, authFile?: string): Promise<void>;
  /** Builds it for two platforms and pushes an image index with both. */
  pushIndex(context: string, reference: string, annotations?: Annotations): Promise<void>;
}

/** Annotations of each manifest. */
type Annotations = Readonly<Record<string, string>>;

/** Makes a buildah that leaves nothing on the machine. */
export async function buildah(t: Cleanup): Promise<Buildah> {
  const storage = await temporaryDirectory(t);
  const env = { STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot' };
  const own = ['--root', `${storage}/root`, '--runroot', `${storage}/run`];
  const call = (args: readonly string[], cwd: string): Promise<string> =>
    run('buildah', [...own, ...args], { cwd, env });
  const file = join(storage, 'Containerfile');
  await writeFile(file, 'FROM scratch\nCOPY . .\n');
  return {
    push: async (context, reference, annotations = {}, authFile) => {
      const build = ['build', ...flagsOf(annotations), '--platform', 'linux/amd64', '-t', reference, '-f', file, '.'];
      await call(build, context);
      const credentials = authFile === undefined ? [] : ['--authfile', authFile];
      await call(['push', '--tls-verify=false', ...credentials, reference], context);
    },
    pushIndex: async (context, reference, annotations = {}) => {
      const build = [
        'build',
        ...flagsOf(annotations),
        '--manifest',
        reference,
        '--platform',
        'linux/amd64,linux/arm64',
        '-f',
        file,
        '.',
      ];
      await call(build, context);
      await call(['manifest', 'push', '--all', '--tls-verify=false', reference, `docker://${reference}`], context);
    },
  };
}

function flagsOf(annotations: Annotations): string[] {
  return Object.entries(annotations).flatMap(([key, value]) => ['--annotation', `${key}=${value}`]);
}

/** The annotation of an image that holds plugins in these directories: base64 of a list of objects with one key each. */
export function dynamicPackages(directories: readonly string[]): Annotations {
  const list = directories.map((directory) => ({ [directory]: { name: directory, version: '1.0.0' } }));
  return { 'io.backstage.dynamic-packages': Buffer.from(JSON.stringify(list)).toString('base64') };
}
