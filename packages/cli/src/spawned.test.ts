import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tempDir } from '@gantry/testkit';

const bin = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'gantry.mjs');

interface Running {
  readonly child: ChildProcess;
  /** Standard output so far. */
  out(): string;
  err(): string;
  /** Resolves with the first line of stdout. */
  readonly firstLine: Promise<string>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/** Starts the command line as a process of its own and makes sure that it is gone after the test. */
function start(t: TestContext, cwd: string, args: readonly string[]): Running {
  const env = { PATH: process.env['PATH'], HOME: cwd, GANTRY_HOME: join(cwd, 'home') };
  const child = spawn(process.execPath, [bin, ...args], { cwd, env, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  const firstLine = new Promise<string>((resolve) => {
    child.stdout.on('data', (text) => {
      out += text;
      if (out.includes('\n')) resolve(out.slice(0, out.indexOf('\n')));
    });
  });
  child.stdin.end();
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return { child, out: () => out, err: () => err, firstLine, ended };
}

test('registry serve says where it listens, serves, and ends with 0 on SIGTERM and SIGINT', async (t) => {
  const cwd = await tempDir(t);
  for (const [signal, flags] of [
    ['SIGTERM', []],
    ['SIGINT', ['--json']],
  ] as const) {
    const server = start(t, cwd, ['registry', 'serve', 'data', '--port', '0', ...flags]);
    const line = await server.firstLine;
    const address =
      flags.length > 0 ? JSON.parse(line).address : /^listening on http:\/\/(127\.0\.0\.1:\d+)$/.exec(line)?.[1];
    const answer = await fetch(`http://${address}/v2/`);
    assert.equal(answer.status, 200);
    await answer.bytes();
    server.child.kill(signal);
    assert.deepEqual(await server.ended, { code: 0, signal: null });
  }
});

test('a registry cannot listen where another one does', async (t) => {
  const cwd = await tempDir(t);
  const first = start(t, cwd, ['registry', 'serve', '--port', '0']);
  const port = (await first.firstLine).split(':').at(-1) ?? '';
  const second = start(t, cwd, ['registry', 'serve', '--port', port]);
  assert.equal((await second.ended).code, 3);
  assert.match(second.err(), /REGISTRY_LISTEN/);
});

test('a signal ends a running plugin and everything else with 128 and its number', async (t) => {
  const cwd = await tempDir(t);
  await writeFile(join(cwd, 'sleeper.sh'), '#!/bin/sh\necho started\nexec sleep 60\n');
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const running = start(t, cwd, ['run', './sleeper.sh']);
    assert.equal(await running.firstLine, 'started');
    running.child.kill(signal);
    assert.deepEqual(await running.ended, { code, signal: null });
    assert.equal(running.err(), '');
  }
});

test('nobody reading stdout is quiet', async (t) => {
  const cwd = await tempDir(t);
  await writeFile(join(cwd, 'yes.sh'), '#!/bin/sh\nexec yes\n');
  const running = start(t, cwd, ['run', './yes.sh']);
  await running.firstLine;
  running.child.stdout?.destroy();
  assert.deepEqual(await running.ended, { code: 141, signal: null });
  assert.equal(running.err(), '');
});

test('a full disk behind stdout is an error with a message, and leaves nothing behind', async (t) => {
  if (!existsSync('/dev/full')) return t.skip('there is no /dev/full here');
  const cwd = await tempDir(t);
  const temporary = join(cwd, 'tmp');
  await mkdir(temporary);
  await writeFile(join(cwd, 'hello.sh'), '#!/bin/sh\necho hello\n');
  await using full = await open('/dev/full', 'w');
  const env = { PATH: process.env['PATH'], HOME: cwd, GANTRY_HOME: join(cwd, 'home'), TMPDIR: temporary };
  for (const args of [['limits'], ['limits', '--json'], ['run', './hello.sh'], ['--help']]) {
    const { status, stderr } = spawnSync(process.execPath, [bin, ...args], {
      cwd,
      env,
      stdio: ['ignore', full.fd, 'pipe'],
      encoding: 'utf8',
    });
    assert.equal(status, 1, args.join(' '));
    assert.match(stderr, /cannot write to standard output \(ENOSPC\)/);
    assert.match(stderr, /CONFIG_OUTPUT_UNWRITABLE/);
    assert.doesNotMatch(stderr, /\n +at /);
  }
  assert.deepEqual(await readdir(temporary), []);
});
