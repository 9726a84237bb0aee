import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { publishPlugin } from '@gantry/core';
import { openLayout } from '@gantry/oci';
import { attachBundle, sigstoreLab } from '@gantry/testkit';
import { published, readManifest, repository } from '../packages.ts';
import { installInto, installNode, type Ran, run, tarballs } from './installation.ts';

const packed = tarballs();
const linux = process.platform === 'linux' ? {} : { skip: 'the npm packages of Node are for Linux' };

describe('installed from the tarballs into an empty project', linux, () => {
  let directory = '';
  let libraries = '';
  let command = '';

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gantry-packaging-'));
    libraries = join(directory, 'libraries');
    command = join(directory, 'command');
    const all = published
      .filter((item) => item.kind === 'library')
      .map((item) => packed[readManifest(item.directory).name] ?? '');
    installInto(libraries, all);
    installInto(command, [packed['gantry'] ?? '']);
    for (const name of ['embed.mjs', 'embed.cjs'])
      copyFileSync(join(repository, 'examples', 'embed', name), join(libraries, name));
    for (const project of [libraries, command]) {
      copyFileSync(join(repository, 'examples', 'plugins', 'hello.sh'), join(project, 'hello.sh'));
    }
  });
  after(() => rm(directory, { recursive: true, force: true }));

  for (const version of ['22.22.2', '24.21.0']) {
    describe(`on Node ${version}`, () => {
      let node = '';
      before(() => {
        node = installNode(join(directory, `node-${version}`), version);
      });
      const gantry = (cwd: string, ...args: string[]): Ran =>
        run(node, [join(command, 'node_modules', 'gantry', 'bin', 'gantry.mjs'), ...args], cwd);

      test('the command goes the road', () => {
        assert.deepEqual(gantry(command, '--version'), { status: 0, out: `${readManifest('cli').version}\n`, err: '' });
        const layout = `oci-layout:layout-${version}:1.0`;
        const pushed = gantry(command, 'push', layout, 'hello.sh', '--json');
        assert.equal(pushed.status, 0, pushed.err);
        assert.equal(JSON.parse(pushed.out).kind, 'executable');
        const ran = gantry(command, 'run', layout, '--input', 'input', '--', version);
        assert.deepEqual([ran.status, ran.out], [0, `hello, ${version}\ninput`], ran.err);
        const archive = gantry(
          command,
          'push',
          `oci-layout:archive-${version}:1.0`,
          join(repository, 'examples', 'plugins'),
        );
        assert.equal(archive.status, 0, archive.err);
        const pulled = gantry(command, 'pull', `oci-layout:archive-${version}:1.0`, '-o', `out-${version}`);
        assert.deepEqual([pulled.status, pulled.out], [0, 'greet.wat\nhello.sh\n'], pulled.err);
        assert.match(gantry(command, 'psh').err, /did you mean push\?/);
      });

      test('the command runs Wasm', () => {
        const wasm = join(command, 'greet.wasm');
        const wat2wasm = join(repository, 'node_modules', '.bin', 'wat2wasm');
        execFileSync(wat2wasm, [join(repository, 'examples', 'plugins', 'greet.wat'), '-o', wasm]);
        const ran = gantry(command, 'run', './greet.wasm', '--input', 'packed');
        assert.deepEqual([ran.status, ran.out], [0, 'hello, packed\n'], ran.err);
      });

      test('the command judges a keyless signature', async () => {
        const lab = sigstoreLab();
        const place = join(directory, `keyless-${version}`);
        const root = await lab.trustedRootFile(place);
        const layout = join(place, 'layout');
        await using at = await openLayout(layout, { create: true });
        const { root: subject } = await publishPlugin(at, { content: [join(command, 'hello.sh')], tag: '1.0' });
        await attachBundle(at, subject, lab.signBundle(subject.digest));
        const reference = `oci-layout:${layout}@${subject.digest}`;
        const signer = ['--certificate-identity', 'release@example.com'];
        const by = [...signer, '--certificate-oidc-issuer', 'https://issuer.example', '--trusted-root', root];
        const judged = gantry(command, 'verify', reference, ...by, '--json');
        assert.equal(judged.status, 0, judged.err);
        assert.equal(JSON.parse(judged.out).accepted, true);
      });

      for (const example of ['embed.mjs', 'embed.cjs']) {
        test(`the libraries work in ${example}`, () => {
          gantry(libraries, 'push', 'oci-layout:plugins:1.0', 'hello.sh');
          const ran = run(node, [example, 'oci-layout:plugins:1.0', 'input'], libraries);
          assert.deepEqual([ran.status, ran.out], [0, 'hello, stranger\ninput'], ran.err);
        });
      }
    });
  }

  test('on Node 20, with no other at hand, the launcher refuses and names the Node it needs', () => {
    const node = installNode(join(directory, 'node-20'), '20.20.2');
    const bin = join(command, 'node_modules', 'gantry', 'bin', 'gantry.mjs');
    const { status, out, err } = run(node, [bin, 'list'], command);
    assert.deepEqual([status, out], [2, '']);
    assert.match(err, /^gantry: needs Node \^22\.22\.2 \|\| \^24\.15\.0 \|\| >=26\.0\.0, this is 20\./);
  });

  test('an installation stays within the budget of its package', async () => {
    for (const item of published) {
      const { name } = readManifest(item.directory);
      const project = join(directory, `size-${item.directory}`);
      // What a package of ours depends on is not in the npm registry while it is tested here.
      installInto(
        project,
        published
          .slice(0, published.indexOf(item) + 1)
          .filter((other) => needs(item.directory, other.directory))
          .map((other) => packed[readManifest(other.directory).name] ?? ''),
      );
      const kib = Math.ceil(sizeOf(join(project, 'node_modules')) / 1024);
      process.stdout.write(`${name}: ${kib} KiB installed, budget ${item.budgetKiB} KiB\n`);
      assert.ok(kib <= item.budgetKiB, `${name} takes ${kib} KiB`);
    }
  });
});

function needs(directory: string, other: string): boolean {
  if (directory === other) return true;
  if (directory === 'cli') return false;
  const { dependencies = {} } = readManifest(directory);
  return published.some((item) => readManifest(item.directory).name in dependencies && needs(item.directory, other));
}

function sizeOf(path: string): number {
  if (!existsSync(path)) return 0;
  const facts = statSync(path);
  return facts.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : facts.size;
}
