/** Roots as pods find them: full, read-only, another user's; and a file system where nothing else can be written. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readdir, readFile, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { forgeTar, gzipped, type HubWorld, hubWorld, publishArtifact, storageSink } from '@gantry/testkit';
import { type InstallerEnd, installerOutcome } from './installer.ts';
import { inOwnMounts } from './own-mounts.ts';
import { run } from './processes.ts';

const TAR_GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
const APP_CONFIG = 'app-config.dynamic-plugins.yaml';
/** Users as OpenShift makes them up, all of group 0. */
const USERS = [1_000_660_000, 1_000_770_000] as const;

if (inOwnMounts()) {
  test('E2: a disk that is full: a clear error, and what was installed before stays; with room it goes on', async (t) => {
    const hub = await openHub(t);
    await hub.mount(['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs']);
    const small = await hub.publish('acme/one', ['one'], { tag: 'small' });
    const big = await bigImage(hub, 'one', 'big');
    await configure(hub, [small.image]);
    ok(await install(hub));
    const before = await contentOf(hub.root);

    await configure(hub, [big]);
    const full = await install(hub);
    assert.equal(full.code, 1);
    assert.match(full.stderr, /no space left|disk is full|ENOSPC/i);
    assert.match(full.stderr, /one:big/);
    assert.deepEqual(await contentOf(hub.root), before);

    // Of two plugins one finds room: it is installed, the other and the configuration stay as they were.
    const other = await hub.publish('acme/two', ['two']);
    await configure(hub, [big, other.image]);
    assert.equal((await install(hub)).code, 1);
    const { [APP_CONFIG]: config, 'one/index.js': one, 'two/index.js': two } = await contentOf(hub.root);
    assert.deepEqual([config, one, two], [before[APP_CONFIG], before['one/index.js'], '// acme/two\n']);

    await configure(hub, [small.image, other.image]);
    ok(await install(hub));
    assert.deepEqual(await hub.names(), [APP_CONFIG, 'one', 'two']);
  });

  test('E2: a disk without room for a single byte more', async (t) => {
    const hub = await openHub(t);
    await hub.mount(['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs']);
    const first = await hub.publish('acme/one', ['one'], { tag: '1' });
    const second = await hub.publish('acme/one', ['one'], { tag: '2', text: 'second' });
    await configure(hub, [first.image]);
    ok(await install(hub));
    const before = await contentOf(hub.root);
    await run('sh', ['-c', 'cat /dev/zero > "$0/filling" 2>/dev/null || true', hub.root]);
    await configure(hub, [second.image]);
    const full = await install(hub);
    assert.equal(full.code, 1);
    assert.match(full.stderr, /no space left|disk is full|ENOSPC/i);
    await run('rm', [join(hub.root, 'filling')]);
    assert.deepEqual(await contentOf(hub.root), before);
    ok(await install(hub));
    assert.equal(await hub.read('one/index.js'), '// second\n');
  });

  test('a read-only root: a clear error at once, nothing is fetched; a dry run reads it', async (t) => {
    const hub = await openHub(t);
    const { image } = await hub.publish('acme/one', ['one']);
    await configure(hub, [image]);
    ok(await install(hub));
    await hub.mount(['--bind', hub.root]);
    await run('mount', ['-o', 'remount,bind,ro', hub.root]);
    hub.registry.log.clear();
    const refused = await install(hub);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the file system is read-only \(EROFS\)/);
    assert.match(refused.stderr, new RegExp(hub.root));
    assert.equal(hub.registry.log.count(), 0);
    ok(await install(hub, { args: [hub.root, '--dry-run'] }));
  });

  for (const umask of ['022', '077']) {
    test(`a root of another user and group 0 is filled by any user of the group, and emptied by the next (umask ${umask})`, async (t) => {
      const hub = await openHub(t);
      await chown(hub.root, 12_345, 0);
      await chmod(hub.root, 0o775);
      const first = await hub.publish('acme/many', ['one', 'two'], { tag: '1' });
      const second = await hub.publish('acme/many', ['two'], { tag: '2', text: 'second' });
      const npm = hub.npm.publish({ name: 'three', version: '3.0.0', files: { 'lib/index.js': '' } });
      await hub.local('four');
      const others = `  - package: ${npm.url}\n    integrity: ${npm.integrity}\n  - package: ./four\n`;
      const masked = ['sh', '-c', `umask ${umask} && exec "$@"`, 'sh'];

      await hub.configure(
        `plugins:\n  - package: oci://${first.image}!one\n  - package: oci://${first.image}!two\n${others}`,
      );
      ok(await install(hub, { under: [...masked, ...asUser(USERS[0])] }));
      assert.deepEqual(await hub.names(), ['acme-four-dynamic-2.0.0', APP_CONFIG, 'one', 'three-3.0.0', 'two']);
      await everythingIsOf(hub.root, USERS[0]);

      await hub.configure(`plugins:\n  - package: oci://${second.image}\n    pluginConfig: { two: second }\n`);
      ok(await install(hub, { under: [...masked, ...asUser(USERS[1])] }));
      assert.deepEqual(await hub.names(), [APP_CONFIG, 'two']);
      assert.equal(await hub.read('two/index.js'), '// second\n');
      await everythingIsOf(hub.root, USERS[1]);
    });
  }

  test('any user of group 0 on a read-only file system: only root, temporary and extensions directory are written', async (t) => {
    const hub = await openHub(t);
    const writable = ['dynamic-plugins-root', 'tmp', 'extensions'].map((name) => join(hub.cwd, name));
    for (const directory of writable) {
      await mkdir(directory, { recursive: true });
      await chown(directory, 12_345, 0);
      await chmod(directory, 0o775);
    }
    const [, temporary = '', extensions = ''] = writable;
    const { image } = await hub.publish('acme/one', ['one']);
    const index = await catalogIndex(hub, image);
    const npm = hub.npm.publish({ name: '@acme/two', version: '2.0.0' });
    await hub.local('three');
    await hub.configure(
      `includes: [dynamic-plugins.default.yaml]\nplugins:\n  - package: '@acme/two@2.0.0'\n    integrity: ${npm.integrity}\n  - package: ./three\n`,
    );
    const env = { TMPDIR: temporary, CATALOG_INDEX_IMAGE: index, CATALOG_ENTITIES_EXTRACT_DIR: extensions };
    const frozen = ['unshare', '-m', '--propagation', 'private', 'sh', '-c', FREEZE, 'sh', ...writable, '--'];
    const under = [...frozen, ...asUser(USERS[0])];
    const before = await contentOf(hub.cwd);

    const end = await install(hub, { under, env });
    ok(end);
    const names = (await hub.names()).filter((name) => !name.startsWith('.gantry-catalog-index.'));
    assert.deepEqual(names, ['acme-three-dynamic-2.0.0', 'acme-two-2.0.0', APP_CONFIG, 'one']);
    assert.deepEqual(await readdir(join(extensions, 'catalog-entities')), ['all.yaml']);
    const after = Object.keys(await contentOf(hub.cwd)).filter(
      (path) => !/^(?:dynamic-plugins-root|tmp|extensions)\//.test(path),
    );
    assert.deepEqual(after.sort(), Object.keys(before).sort());
    assert.ok((await install(hub, { under, env })).stdout.includes('already_installed'));
    // What the other tests rely on: nothing else could have been written.
    await assert.rejects(
      run(under[0] ?? '', [...under.slice(1, -asUser(USERS[0]).length), 'touch', join(hub.cwd, 'x')]),
    );
  });
}

/** Makes everything read-only but the directories before `--`, then runs what stands behind it. */
const FREEZE = `
set -e
kept=
while [ "$1" != -- ]; do mount --bind "$1" "$1"; kept="$kept $1"; shift; done
shift
for place in $(awk '{print $5}' /proc/self/mountinfo | sort -u); do
  case "$kept /proc /sys /dev " in *" $place "*) continue;; esac
  case $place in /proc/*|/sys/*|/dev/*) continue;; esac
  mount -o remount,bind,ro "$place"
done
exec "$@"
`;

/** A pod whose root may be a mount. */
interface MountedHub extends HubWorld {
  /** This repository where every user finds it. */
  readonly repositoryAt: string;
  /** Mounts something over the root until the test ends. */
  mount(what: readonly string[]): Promise<void>;
}

/** A pod in which other users may look around. */
async function openHub(t: TestContext): Promise<MountedHub> {
  const cleaning: (() => void | Promise<void>)[] = [];
  t.after(async () => {
    for (const work of cleaning.reverse()) await work();
  });
  const hub = await hubWorld({ after: (work) => void cleaning.push(work) });
  await chmod(hub.cwd, 0o755);
  const mount = async (what: readonly string[], at: string): Promise<void> => {
    await run('mount', [...what, at]);
    cleaning.push(async () => void (await run('umount', [at])));
  };
  // Beside the pod's directory, so that removing that can never reach it.
  const repositoryAt = `${hub.cwd}-gantry`;
  await mkdir(repositoryAt);
  cleaning.push(() => rmdir(repositoryAt));
  await mount(['--bind', resolve(import.meta.dirname, '..')], repositoryAt);
  return {
    ...hub,
    repositoryAt,
    mount: (what) => mount(what, hub.root),
  };
}

interface Install {
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

async function install(
  hub: MountedHub,
  { under = [], env = {}, args = [hub.root] }: Install = {},
): Promise<InstallerEnd> {
  const { TERMINATION_LOG: _, ...rest } = hub.env;
  const { repositoryAt } = hub;
  const temporary = join(hub.cwd, 'scratch');
  await mkdir(temporary, { recursive: true });
  await chmod(temporary, 0o1777);
  return installerOutcome({ cwd: hub.cwd, env: { ...rest, TMPDIR: temporary, ...env }, args, under, repositoryAt });
}

function ok({ code, stdout, stderr }: InstallerEnd): void {
  assert.equal(code, 0, stdout + stderr);
}

function asUser(uid: number): string[] {
  return ['setpriv', `--reuid=${uid}`, '--regid=0', '--clear-groups'];
}

function configure(hub: HubWorld, images: readonly string[]): Promise<void> {
  return hub.configure(`plugins:\n${images.map((image) => `  - package: oci://${image}\n`).join('')}`);
}

/** An image whose plugin does not fit into 8 MiB. */
async function bigImage(hub: HubWorld, name: string, tag: string): Promise<string> {
  const pieces = Array.from({ length: 12 }, (_, nth) => ({
    name: `${name}/part-${nth}`,
    content: randomBytes(1024 * 1024),
  }));
  const entries = [{ name: `${name}/package.json`, content: `{"name":"${name}","version":"2.0.0"}` }, ...pieces];
  const annotation = Buffer.from(JSON.stringify([{ [name]: { name } }])).toString('base64');
  await publishArtifact(storageSink(hub.registry.storage, `acme/${name}`), {
    tag,
    layers: [{ content: gzipped(forgeTar(entries)), mediaType: TAR_GZIP }],
    annotations: { 'io.backstage.dynamic-packages': annotation },
  });
  return `${hub.registry.address}/acme/${name}:${tag}`;
}

/** A catalog index whose default file asks for an image. */
async function catalogIndex(hub: HubWorld, image: string): Promise<string> {
  const entries = [
    { name: 'dynamic-plugins.default.yaml', content: `plugins:\n  - package: oci://${image}\n` },
    { name: 'catalog-entities/extensions/all.yaml', content: 'kind: Location\n' },
  ];
  await publishArtifact(storageSink(hub.registry.storage, 'acme/index'), {
    tag: '1.0',
    layers: [{ content: gzipped(forgeTar(entries)), mediaType: TAR_GZIP }],
  });
  return `${hub.registry.address}/acme/index:1.0`;
}

/** Every file below a directory by path. */
async function contentOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(
    files.map(async (file) => [file.slice(directory.length + 1), await readFile(file, 'utf8')] as const),
  );
  return Object.fromEntries(contents);
}

/** Everything in a root is of this user and group 0, and the group may do what the user may. */
async function everythingIsOf(root: string, uid: number): Promise<void> {
  for (const path of await readdir(root, { recursive: true })) {
    const stats = await lstat(resolve(root, path));
    assert.deepEqual([stats.uid, stats.gid], [uid, 0], path);
    assert.equal((stats.mode >> 3) & 7, (stats.mode >> 6) & 7, `${path}: ${stats.mode.toString(8)}`);
    assert.equal(stats.mode & 0o444, 0o444, `${path}: ${stats.mode.toString(8)}`);
  }
}
