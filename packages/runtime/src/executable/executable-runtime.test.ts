import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isGantryError, type OpEvent } from '@gantry/oci';
import { heldNow, install, temporaryDirectory } from '../installed.fixture.ts';
import type { Grants, Plugin } from '../plugin.ts';
import { openExecutableRuntime } from './executable-runtime.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);
const code = (expected: string) => (error: unknown) => isGantryError(error) && error.code === expected;

async function load(t: TestContext, script: string, grants: Grants = {}): Promise<Plugin> {
  const plugin = await openExecutableRuntime().load(await install(t, 'executable', `#!/bin/sh\n${script}\n`), grants);
  t.after(() => plugin[Symbol.asyncDispose]());
  return plugin;
}

/** Waits until a process is gone or a zombie, which in a container without init nobody may ever reap. */
async function assertGone(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (stat === '' || /\) [ZX] /.test(stat)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`process ${pid} is still there`);
}

test('input goes to stdin and the bytes of stdout come back', async (t) => {
  const plugin = await load(t, 'cat');
  const input = Buffer.alloc(300_000, 'gantry\0');
  assert.deepEqual(Buffer.from(await plugin.call('', input)), input);
});

test('G6: arguments arrive as they are, whatever a shell would make of them', async (t) => {
  const plugin = await load(t, 'for a in "$@"; do printf "[%s]" "$a"; done');
  const { output } = await plugin.run({ args: ['$(id)', '; exit 3', '', '*', '-n', 'it\'s "so"'] });
  assert.equal(text(output), '[$(id)][; exit 3][][*][-n][it\'s "so"]');
});

test('a run tells its exit code, bytes and time', async (t) => {
  const plugin = await load(t, 'cat; exit 7');
  const result = await plugin.run({ input: bytes('four') });
  assert.equal(result.exitCode, 7);
  assert.equal(result.signal, undefined);
  assert.deepEqual([result.inputBytes, result.outputBytes, text(result.output)], [4, 4, 'four']);
  assert.ok(result.durationMs > 0);
  assert.ok(code('RUNTIME_EXIT')(result.failure));
  assert.match(result.failure?.message ?? '', /exit code 7/);
  await assert.rejects(plugin.call('', bytes('')), code('RUNTIME_EXIT'));
});

test('a signal that ends the plugin is named', async (t) => {
  const plugin = await load(t, 'kill -SEGV $$');
  const result = await plugin.run({});
  assert.equal(result.signal, 'SIGSEGV');
  assert.ok(code('RUNTIME_SIGNAL')(result.failure));
  assert.match(result.failure?.message ?? '', /SIGSEGV/);
});

test('a plugin that closes stdin early is no failure', async (t) => {
  const plugin = await load(t, 'exec 0<&-; echo done');
  assert.equal(text(await plugin.call('', Buffer.alloc(4_000_000))), 'done\n');
});

test('output streams to a sink, one chunk at a time', async (t) => {
  const plugin = await load(t, 'printf first; read line; printf "$line"');
  let inside = 0;
  const chunks: string[] = [];
  const result = await plugin.run({
    input: bytes('second\n'),
    stdout: async (chunk) => {
      assert.equal(++inside, 1);
      await new Promise((resolve) => setImmediate(resolve));
      chunks.push(text(chunk));
      inside--;
    },
  });
  assert.equal(chunks.join(''), 'firstsecond');
  assert.deepEqual([result.outputBytes, result.output.length], [11, 0]);
});

test('a slow sink loses nothing after the plugin has ended', async (t) => {
  const plugin = await load(t, 'head -c 60000 /dev/zero');
  let received = 0;
  await plugin.run(
    {
      stdout: async (chunk) => {
        await new Promise((resolve) => setTimeout(resolve, 40));
        received += chunk.length;
      },
    },
    { limits: { pluginDrainTime: 20 } },
  );
  assert.equal(received, 60_000);
});

test('a sink that fails ends the plugin and is reported as it is', async (t) => {
  const plugin = await load(t, 'yes');
  const broken = new Error('pipe is closed');
  await assert.rejects(
    plugin.run({
      stdout: () => {
        throw broken;
      },
    }),
    broken,
  );
});

test('stderr becomes log lines: escaped, with long ones in pieces', async (t) => {
  const plugin = await load(t, 'printf "one\\ttab\\r\\n\\033[2Jtwo\\nabcdefghij" >&2');
  const events: OpEvent[] = [];
  await plugin.call('', bytes(''), { onEvent: (event) => events.push(event), limits: { pluginLogLineBytes: 8 } });
  assert.deepEqual(
    events.map((event) => event.type === 'log' && [event.plugin, event.level, event.message]),
    [
      ['specimen', 'info', 'one\ttab'],
      ['specimen', 'info', '\\u{1b}[2Jtwo'],
      ['specimen', 'info', 'abcdefgh'],
      ['specimen', 'info', 'ij'],
    ],
  );
});

test('R11: the environment is PATH, TMPDIR and what is granted', async (t) => {
  process.env['GANTRY_TEST_GRANTED'] = 'yes';
  process.env['GANTRY_TEST_SECRET'] = 'canary';
  t.after(() => {
    delete process.env['GANTRY_TEST_GRANTED'];
    delete process.env['GANTRY_TEST_SECRET'];
  });
  const plugin = await load(t, 'exec env', { env: ['GANTRY_TEST_GRANTED', 'GANTRY_TEST_ABSENT'] });
  const names = text(await plugin.call('', bytes('')))
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('=')[0]);
  // The shell itself adds PWD and some shells SHLVL, OLDPWD and _.
  const ours = names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? ''));
  assert.deepEqual(ours.sort(), ['GANTRY_TEST_GRANTED', 'PATH', 'TMPDIR']);
});

test('R11: a group of its own and a private directory that is gone afterwards', async (t) => {
  const plugin = await load(t, 'pwd; stat -c %a .; cut -d" " -f5 /proc/$$/stat; echo $$; touch litter');
  const [directory = '', mode, group, pid] = text(await plugin.call('', bytes(''))).split('\n');
  assert.equal(mode, '700');
  assert.equal(group, pid);
  assert.deepEqual(await readdir(directory), ['litter']);
  await plugin[Symbol.asyncDispose]();
  await assert.rejects(readdir(directory), { code: 'ENOENT' });
});

test('R11: no descriptor but the three pipes leads anywhere', async (t) => {
  const plugin = await load(t, 'for fd in /proc/$$/fd/*; do readlink "$fd"; done; true');
  const targets = text(await plugin.call('', bytes('')))
    .split('\n')
    .filter(Boolean);
  // A shell holds the script that it reads open.
  const others = targets.filter((target) => target !== '/dev/null' && !target.endsWith('/plugin'));
  assert.equal(others.length, 3, targets.join(' '));
  for (const target of others) assert.match(target, /^(pipe|socket):/);
});

test('R2: a plugin that never ends is killed with everything that it started', async (t) => {
  const plugin = await load(t, 'sleep 600 & echo $!; echo $$; wait', { timeout: 300 });
  const result = await plugin.run({});
  assert.ok(code('RUNTIME_TIMEOUT')(result.failure));
  assert.equal(result.signal, 'SIGKILL');
  for (const pid of text(result.output).split('\n').filter(Boolean)) {
    await assertGone(Number(pid));
  }
});

test('R11: what a plugin leaves running goes with it', async (t) => {
  const plugin = await load(t, 'sleep 600 & echo $!');
  const pid = Number(text(await plugin.call('', bytes(''))));
  await assertGone(pid);
});

test('R11: a process that left the group cannot hold a call open', async (t) => {
  const plugin = await load(t, 'setsid sleep 600 & echo $!; sleep 0.2');
  const output = text(await plugin.call('', bytes(''), { limits: { pluginDrainTime: 50 } }));
  const pid = Number(output);
  assert.ok(pid > 0);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // setsid may have forked; then the process that slept under this id is gone already.
  }
});

test('R11: a process that left the group and keeps writing cannot hold a call open either', async (t) => {
  const plugin = await load(t, "setsid sh -c 'while echo again; do sleep 0.01; done' & sleep 0.2");
  const { failure } = await plugin.run({}, { limits: { pluginTimeout: 400 } });
  assert.ok(code('RUNTIME_TIMEOUT')(failure));
  const stop = new AbortController();
  const cancelled = plugin.run({ stdout: () => stop.abort() }, { signal: stop.signal });
  await assert.rejects(cancelled, { name: 'AbortError' });
});

test('R4: output is accepted up to the limit, and not a byte beyond', async (t) => {
  const plugin = await load(t, 'head -c "$1" /dev/zero');
  const run = (size: number) => plugin.run({ args: [String(size)] }, { limits: { pluginOutputBytes: 1000 } });
  for (const size of [999, 1000]) {
    const { failure, outputBytes } = await run(size);
    assert.deepEqual([failure, outputBytes], [undefined, size]);
  }
  assert.ok(code('RUNTIME_OUTPUT_LIMIT')((await run(1001)).failure));
});

test('R4: a flood on stdout or stderr ends the plugin', async (t) => {
  const limits = { pluginOutputBytes: 100_000, pluginLogBytes: 100_000 };
  assert.ok(code('RUNTIME_OUTPUT_LIMIT')((await (await load(t, 'yes')).run({}, { limits })).failure));
  assert.ok(code('RUNTIME_LOG_LIMIT')((await (await load(t, 'yes >&2')).run({}, { limits })).failure));
  const blank = await load(t, "yes '' >&2");
  assert.ok(code('RUNTIME_LOG_LIMIT')((await blank.run({}, { limits })).failure));
  const oneLine = await load(t, 'cat /dev/zero >&2');
  assert.ok(code('RUNTIME_LOG_LIMIT')((await oneLine.run({}, { limits })).failure));
});

test('R4: log bytes are accepted up to the limit, line ends included', async (t) => {
  const plugin = await load(t, 'printf "%s\\n" "$1" >&2');
  const run = (line: string) => plugin.run({ args: [line] }, { limits: { pluginLogBytes: 10 } });
  assert.equal((await run('12345678')).failure, undefined);
  assert.equal((await run('123456789')).failure, undefined);
  assert.ok(code('RUNTIME_LOG_LIMIT')((await run('1234567890')).failure));
});

test('the input has a limit', async (t) => {
  const plugin = await load(t, 'wc -c');
  const op = { limits: { pluginInputBytes: 10 } };
  assert.equal(Number(text(await plugin.call('', Buffer.alloc(9), op))), 9);
  assert.equal(Number(text(await plugin.call('', Buffer.alloc(10), op))), 10);
  await assert.rejects(plugin.call('', Buffer.alloc(11), op), code('RUNTIME_INPUT_LIMIT'));
});

test('F12: cancelling a call kills the process and rejects with the reason', async (t) => {
  const plugin = await load(t, 'echo $$; exec sleep 600');
  const controller = new AbortController();
  let pid = 0;
  const running = plugin.run(
    {
      stdout: (chunk) => {
        pid = Number(text(chunk));
        controller.abort();
      },
    },
    { signal: controller.signal },
  );
  await assert.rejects(running, { name: 'AbortError' });
  await assertGone(pid);
  await assert.rejects(plugin.call('', bytes(''), { signal: controller.signal }), { name: 'AbortError' });
});

test('disposing ends what runs; later calls are refused', async (t) => {
  const plugin = await load(t, 'exec sleep 600');
  const running = plugin.call('', bytes(''));
  running.catch(() => {});
  await plugin[Symbol.asyncDispose]();
  await assert.rejects(running, code('RUNTIME_CLOSED'));
  await assert.rejects(plugin.call('', bytes('')), code('RUNTIME_CLOSED'));
});

test('many calls at once do not mix', async (t) => {
  const plugin = await load(t, 'cat');
  const outputs = await Promise.all(Array.from({ length: 12 }, (_, index) => plugin.call('', bytes(`call ${index}`))));
  assert.deepEqual(
    outputs.map(text),
    outputs.map((_, index) => `call ${index}`),
  );
});

test('what the system cannot start is an error of its own', async (t) => {
  const plugin = await openExecutableRuntime().load(await install(t, 'executable', '#!/nonexistent/interpreter\n'), {});
  t.after(() => plugin[Symbol.asyncDispose]());
  await assert.rejects(plugin.call('', bytes('')), code('RUNTIME_NOT_STARTED'));
});

test('R11: what the system cannot execute is not given to a shell', async (t) => {
  for (const content of ['echo evil\n', '\x7fELF\necho evil\n', '']) {
    const installed = await install(t, 'executable', content);
    await assert.rejects(openExecutableRuntime().load(installed, {}), code('RUNTIME_NOT_STARTED'));
    assert.ok(!heldNow.has(installed.facts.path));
  }
});

test('a request that is meant for another kind, or that no process can get, is refused', async (t) => {
  const plugin = await load(t, 'true');
  await assert.rejects(plugin.run({ name: 'greet' }), code('RUNTIME_REQUEST_INVALID'));
  await assert.rejects(plugin.run({ args: ['a\0b'] }), code('RUNTIME_REQUEST_INVALID'));
});

test('grants are checked, and those that cannot bind a process are said to', async (t) => {
  const installed = await install(t, 'executable', '#!/bin/sh\n');
  const events: OpEvent[] = [];
  const plugin = await openExecutableRuntime().load(
    installed,
    { hosts: [], memory: 1 },
    { onEvent: (event) => events.push(event) },
  );
  await plugin[Symbol.asyncDispose]();
  assert.match(JSON.stringify(events), /"warning".*grants of hosts, memory have no effect/);
  await assert.rejects((await load(t, '', { env: ['A=B'] })).call('', bytes('')), code('RUNTIME_GRANT_INVALID'));
  await assert.rejects((await load(t, '', { timeout: 0 })).call('', bytes('')), code('RUNTIME_GRANT_INVALID'));
});

test('I1: an entry that is not the installed file does not start', async (t) => {
  const digest = `sha256:${'0'.repeat(64)}` as const;
  const tampered = await install(t, 'executable', '#!/bin/sh\n', { entryDigest: digest });
  await assert.rejects(openExecutableRuntime().load(tampered, {}), code('RUNTIME_ENTRY_CHANGED'));
});

test('I1: an entry that is replaced or rewritten while it is loaded does not start', async (t) => {
  for (const change of ['replace', 'rewrite'] as const) {
    const installed = await install(t, 'executable', '#!/bin/sh\necho good\n');
    const plugin = await openExecutableRuntime().load(installed, {});
    const entry = installed.facts.entry ?? '';
    assert.equal(text(await plugin.call('', bytes(''))), 'good\n');
    const target = change === 'replace' ? `${entry}.new` : entry;
    await writeFile(target, '#!/bin/sh\necho evil\n');
    await chmod(target, 0o755);
    if (change === 'replace') await rename(target, entry);
    await assert.rejects(plugin.call('', bytes('')), code('RUNTIME_ENTRY_CHANGED'));
    await plugin[Symbol.asyncDispose]();
  }
});

test('I6: an entry must be a regular file inside the directory of its plugin', async (t) => {
  const outside = join(await temporaryDirectory(t), 'evil');
  await writeFile(outside, '#!/bin/sh\n', { mode: 0o755 });
  const far = await install(t, 'executable', '#!/bin/sh\n', { entry: outside });
  await assert.rejects(openExecutableRuntime().load(far, {}), code('RUNTIME_ENTRY_INVALID'));

  for (const plant of [
    (entry: string) => symlink(outside, entry),
    (entry: string) => mkdir(entry),
    () => Promise.resolve(),
  ]) {
    const directory = await temporaryDirectory(t);
    const installed = await install(t, 'executable', '#!/bin/sh\n', { entry: join(directory, 'plugin') });
    await plant(join(directory, 'plugin'));
    await assert.rejects(openExecutableRuntime().load(installed, {}), code('RUNTIME_ENTRY_INVALID'));
  }
});

test('the version that is loaded is held until the plugin is disposed', async (t) => {
  const installed = await install(t, 'executable', '#!/bin/sh\n');
  const plugin = await openExecutableRuntime().load(installed, {});
  assert.ok(heldNow.has(installed.facts.path));
  await plugin[Symbol.asyncDispose]();
  assert.ok(!heldNow.has(installed.facts.path));

  const damaged = await install(t, 'executable', '#!/bin/sh\n', { entryDigest: `sha256:${'0'.repeat(64)}` });
  await assert.rejects(openExecutableRuntime().load(damaged, {}), code('RUNTIME_ENTRY_CHANGED'));
  assert.ok(!heldNow.has(damaged.facts.path));
});
