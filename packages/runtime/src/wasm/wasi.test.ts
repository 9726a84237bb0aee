import assert from 'node:assert/strict';
import { link, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isGantryError, type OpEvent, systemEnvironment } from '@gantry/oci';
import { install, temporaryDirectory } from '../installed.fixture.ts';
import type { Grants, Plugin } from '../plugin.ts';
import { assemble } from '../wat.fixture.ts';
import { openWasmRuntime } from './wasm-runtime.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const code = (expected: string) => (error: unknown) => isGantryError(error) && error.code === expected;

const TYPES: Readonly<Record<string, string>> = {
  args_sizes_get: '(param i32 i32)',
  clock_time_get: '(param i32 i64 i32)',
  environ_get: '(param i32 i32)',
  environ_sizes_get: '(param i32 i32)',
  fd_close: '(param i32)',
  fd_fdstat_get: '(param i32 i32)',
  fd_filestat_get: '(param i32 i32)',
  fd_prestat_get: '(param i32 i32)',
  fd_read: '(param i32 i32 i32 i32)',
  fd_readdir: '(param i32 i32 i32 i64 i32)',
  fd_renumber: '(param i32 i32)',
  fd_seek: '(param i32 i64 i32 i32)',
  fd_write: '(param i32 i32 i32 i32)',
  path_create_directory: '(param i32 i32 i32)',
  path_link: '(param i32 i32 i32 i32 i32 i32 i32)',
  path_open: '(param i32 i32 i32 i32 i32 i64 i64 i32 i32)',
  path_rename: '(param i32 i32 i32 i32 i32 i32)',
  path_symlink: '(param i32 i32 i32 i32 i32)',
  path_unlink_file: '(param i32 i32 i32)',
  poll_oneoff: '(param i32 i32 i32 i32)',
  random_get: '(param i32 i32)',
  sched_yield: '',
};

/** A module with all of WASI that is used here, a memory, `answer(at, length)` and `try(errno)`, which keeps an errno. */
function wasiModule(fields: string): Uint8Array {
  const imports = Object.entries(TYPES).map(
    ([name, type]) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type} (result i32)))`,
  );
  return assemble(`(module
    ${imports.join('\n')}
    (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (memory (export "memory") 4)
    (global $tried (mut i32) (i32.const 1024))
    (func $answer (param $from i32) (param $length i32) (local $to i64) (local $i i32)
      (local.set $to (call $alloc (i64.extend_i32_u (local.get $length))))
      (loop $next
        (if (i32.lt_u (local.get $i) (local.get $length)) (then
          (call $store_u8 (i64.add (local.get $to) (i64.extend_i32_u (local.get $i)))
            (i32.load8_u (i32.add (local.get $from) (local.get $i))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next))))
      (call $output_set (local.get $to) (i64.extend_i32_u (local.get $length))))
    (func $try (param $errno i32)
      (i32.store8 (global.get $tried) (local.get $errno))
      (global.set $tried (i32.add (global.get $tried) (i32.const 1))))
    (func $tried (call $answer (i32.const 1024) (i32.sub (global.get $tried) (i32.const 1024))))
    ${fields})`);
}

async function load(
  t: TestContext,
  fields: string,
  grants: Grants = {},
  env: Record<string, string> = {},
): Promise<Plugin> {
  const environment = { ...systemEnvironment(), env };
  const installed = await install(t, 'wasm', wasiModule(fields));
  const plugin = await openWasmRuntime({ environment }).load(installed, grants);
  t.after(() => plugin[Symbol.asyncDispose]());
  return plugin;
}

/** Runs one function made of `tries` and gives the errno of each. */
async function errnos(t: TestContext, data: string, tries: readonly string[], grants: Grants = {}): Promise<number[]> {
  const body = tries.map((one) => `(call $try ${one})`).join('\n');
  const plugin = await load(t, `${data} (func (export "f") ${body} (call $tried))`, grants);
  return [...(await plugin.call('f', new Uint8Array()))];
}

test('R9: no argument, and no variable but the granted ones', async (t) => {
  const fields = `(func (export "f")
    (call $try (call $args_sizes_get (i32.const 0) (i32.const 4)))
    (call $try (call $environ_sizes_get (i32.const 8) (i32.const 12)))
    (call $try (call $environ_get (i32.const 16) (i32.const 64)))
    (call $answer (i32.const 0) (i32.const 96)))`;
  const env = { SECRET: 'canary', LANG: 'C' };
  const without = Buffer.from(await (await load(t, fields, {}, env)).call('f', new Uint8Array()));
  assert.deepEqual(
    [0, 4, 8, 12].map((at) => without.readUInt32LE(at)),
    [0, 0, 0, 0],
  );
  const granted = await load(t, fields, { env: ['LANG', 'ABSENT'] }, env);
  const output = Buffer.from(await granted.call('f', new Uint8Array()));
  assert.deepEqual(
    [8, 12, 16].map((at) => output.readUInt32LE(at)),
    [1, 7, 64],
  );
  assert.equal(output.subarray(64, 71).toString(), 'LANG=C\0');
});

test('R9: stdout and stderr are captured as log lines, stdin is empty', async (t) => {
  const plugin = await load(
    t,
    `(data (i32.const 0) "\\20\\00\\00\\00\\06\\00\\00\\00\\26\\00\\00\\00\\05\\00\\00\\00")
     (data (i32.const 32) "one\\ntw" ) (data (i32.const 38) "o\\nrest")
     (func (export "f")
       (call $try (call $fd_write (i32.const 1) (i32.const 0) (i32.const 2) (i32.const 80)))
       (call $try (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 84)))
       (call $try (call $fd_read (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 88)))
       (call $answer (i32.const 80) (i32.const 12)))`,
  );
  const events: OpEvent[] = [];
  const output = Buffer.from(await plugin.call('f', new Uint8Array(), { onEvent: (event) => events.push(event) }));
  assert.deepEqual(
    [0, 4, 8].map((at) => output.readUInt32LE(at)),
    [11, 6, 0],
  );
  assert.deepEqual(
    events.map((event) => event.type === 'log' && [event.level, event.message]),
    [
      ['info', 'one'],
      ['info', 'two'],
      ['warn', 'one'],
      ['info', 'res'],
      ['warn', 'tw'],
    ],
  );
});

test('R9: nothing but the standard streams is open, and files are not there', async (t) => {
  const found = await errnos(t, '(data (i32.const 0) "/etc/passwd")', [
    '(call $fd_prestat_get (i32.const 3) (i32.const 512))',
    '(call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 11) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 512))',
    '(call $fd_read (i32.const 3) (i32.const 512) (i32.const 1) (i32.const 520))',
    '(call $fd_write (i32.const 0) (i32.const 512) (i32.const 1) (i32.const 520))',
    '(call $fd_write (i32.const 3) (i32.const 512) (i32.const 1) (i32.const 520))',
    '(call $fd_close (i32.const 3))',
    '(call $fd_seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 520))',
    '(call $fd_fdstat_get (i32.const 1) (i32.const 512))',
    '(call $fd_filestat_get (i32.const 2) (i32.const 512))',
    '(call $sched_yield)',
  ]);
  assert.deepEqual(found, [8, 8, 8, 8, 8, 8, 70, 0, 0, 0]);
});

test('R4: pointers outside of memory are an error number', async (t) => {
  const found = await errnos(t, '', [
    '(call $random_get (i32.const 0) (i32.const -1))',
    '(call $random_get (i32.const -1) (i32.const 16))',
    '(call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 262140))',
    '(call $fd_write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0))',
    '(call $fd_write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0))',
    '(call $poll_oneoff (i32.const -48) (i32.const 0) (i32.const 1) (i32.const 0))',
    '(call $clock_time_get (i32.const 9) (i64.const 0) (i32.const 0))',
    '(call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))',
    '(call $random_get (i32.const 131072) (i32.const 100000))',
  ]);
  assert.deepEqual(found, [21, 21, 21, 21, 21, 21, 28, 28, 0]);
});

test('clocks run, sleeping takes its time and reports its event', async (t) => {
  const plugin = await load(
    t,
    // userdata 7, clock 1, 20 ms.
    `(data (i32.const 0) "\\07") (data (i32.const 16) "\\01") (data (i32.const 24) "\\00\\2d\\31\\01")
     (func (export "f")
       (call $try (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 200)))
       (call $try (call $poll_oneoff (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 216)))
       (call $try (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 208)))
       (i64.store (i32.const 224) (i64.load (i32.const 100)))
       (call $answer (i32.const 200) (i32.const 32)))`,
  );
  const output = Buffer.from(await plugin.call('f', new Uint8Array()));
  assert.ok(output.readBigUInt64LE(8) - output.readBigUInt64LE(0) >= 19_000_000n);
  assert.deepEqual([output.readUInt32LE(16), output.readBigUInt64LE(24)], [1, 7n]);
});

test('R12: proc_exit ends the call: 0 as success, everything else with its exit code', async (t) => {
  const plugin = await load(
    t,
    `(func (export "good") (call $proc_exit (i32.const 0)))
     (func (export "bad") (call $proc_exit (i32.const 42)))`,
  );
  assert.deepEqual((await plugin.run({ name: 'good' })).exitCode, 0);
  const { failure, exitCode } = await plugin.run({ name: 'bad' });
  assert.ok(code('RUNTIME_EXIT')(failure));
  assert.equal(exitCode, 42);
});

/** `path_open` of the text at 0 with these flags and rights below descriptor 3, the new descriptor at 512. */
const open = (path: string, flags = 0, rights = 2, directory = 3): string =>
  `(call $path_open (i32.const ${directory}) (i32.const 1) (i32.const 0) (i32.const ${path.length})
    (i32.const ${flags}) (i64.const ${rights}) (i64.const 0) (i32.const 0) (i32.const 512))`;
/** Reads up to 64 bytes of that descriptor to 600. */
const READ = `(i32.store (i32.const 520) (i32.const 600)) (i32.store (i32.const 524) (i32.const 64))
  (call $try (call $fd_read (i32.load (i32.const 512)) (i32.const 520) (i32.const 1) (i32.const 528)))`;
/** Writes the 5 bytes at 700. */
const WRITE = `(call $fd_write (i32.load (i32.const 512)) (i32.const 532) (i32.const 1) (i32.const 528))`;
const WRITABLE = '(data (i32.const 532) "\\bc\\02\\00\\00\\05\\00\\00\\00") (data (i32.const 700) "evil\\n")';

test('a granted directory can be read', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'model.txt'), 'weights');
  const plugin = await load(
    t,
    `(data (i32.const 0) "model.txt")
     (func (export "f") (call $try ${open('model.txt')}) ${READ} (call $answer (i32.const 600) (i32.load (i32.const 528))))`,
    { paths: [directory] },
  );
  assert.equal(text(await plugin.call('f', new Uint8Array())), 'weights');
});

test('a directory that is granted for writing can be written', async (t) => {
  const directory = await temporaryDirectory(t);
  const found = await errnos(t, `(data (i32.const 0) "new.txt") ${WRITABLE}`, [open('new.txt', 1, 64), WRITE], {
    paths: [`rw:${directory}`],
  });
  assert.deepEqual(found, [0, 0]);
  assert.equal(await readFile(join(directory, 'new.txt'), 'utf8'), 'evil\n');
});

test('R6: a directory that is granted for reading cannot be changed in any way', async (t) => {
  const directory = await temporaryDirectory(t);
  const other = await temporaryDirectory(t);
  await writeFile(join(directory, 'file'), 'good');
  await mkdir(join(directory, 'sub'));
  await writeFile(join(directory, 'sub', 'file'), 'good');
  const path = '(i32.const 0) (i32.const 4)';
  const found = await errnos(
    t,
    `(data (i32.const 0) "file") (data (i32.const 8) "new_") (data (i32.const 16) "sub") ${WRITABLE}`,
    [
      open('file', 1),
      open('file', 8),
      open('file', 0, -1),
      WRITE,
      `(call $path_unlink_file (i32.const 3) ${path})`,
      '(call $path_create_directory (i32.const 3) (i32.const 8) (i32.const 4))',
      `(call $path_symlink ${path} (i32.const 3) (i32.const 8) (i32.const 4))`,
      `(call $path_rename (i32.const 3) ${path} (i32.const 4) (i32.const 8) (i32.const 4))`,
      `(call $path_link (i32.const 3) (i32.const 0) ${path} (i32.const 4) (i32.const 8) (i32.const 4))`,
      '(call $fd_renumber (i32.const 3) (i32.const 9))',
      // Below a directory that was opened below it: the rights are inherited.
      '(call $path_open (i32.const 3) (i32.const 1) (i32.const 16) (i32.const 3) (i32.const 2) (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 640))',
      `(call $path_unlink_file (i32.load (i32.const 640)) ${path})`,
      `(call $path_open (i32.load (i32.const 640)) (i32.const 1) ${path} (i32.const 0) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 512))`,
      `(call $path_open (i32.load (i32.const 640)) (i32.const 1) (i32.const 8) (i32.const 4) (i32.const 1) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 512))`,
    ],
    { paths: [directory, `rw:${other}`] },
  );
  const [create, truncate, openWithAll, write, ...changes] = found;
  assert.deepEqual([create, truncate, openWithAll], [76, 76, 0]);
  assert.notEqual(write, 0);
  const [unlink, makeDirectory, makeLink, rename, hardLink, renumber, sub, ...below] = changes;
  assert.deepEqual([unlink, makeDirectory, makeLink, rename, hardLink, renumber, sub], [76, 76, 58, 76, 76, 58, 0]);
  assert.ok(
    below.every((errno) => errno !== 0),
    below.join(),
  );
  assert.deepEqual(await readdir(directory, { recursive: true }), ['file', 'sub', 'sub/file']);
  assert.equal(await readFile(join(directory, 'file'), 'utf8'), 'good');
  assert.equal(await readFile(join(directory, 'sub', 'file'), 'utf8'), 'good');
  assert.deepEqual(await readdir(other), []);
});

test('R1, R6: neither .. nor a link leads out of a granted directory', async (t) => {
  const outside = await temporaryDirectory(t);
  await writeFile(join(outside, 'secret'), 'canary');
  const directory = await temporaryDirectory(t);
  await symlink(join(outside, 'secret'), join(directory, 'link'));
  await symlink(outside, join(directory, 'away'));
  await symlink('..', join(directory, 'up'));
  const paths = ['link', 'away/secret', 'up/secret', '../secret', `${outside}/secret`, '/etc/passwd'];
  for (const path of paths) {
    const [errno] = await errnos(t, `(data (i32.const 0) "${path}")`, [open(path)], { paths: [directory] });
    assert.notEqual(errno, 0, path);
  }
});

test('R6: a plugin cannot make a link in a directory that it may write', async (t) => {
  const directory = await temporaryDirectory(t);
  const found = await errnos(
    t,
    '(data (i32.const 0) "/etc") (data (i32.const 8) "away")',
    ['(call $path_symlink (i32.const 0) (i32.const 4) (i32.const 3) (i32.const 8) (i32.const 4))'],
    { paths: [`rw:${directory}`] },
  );
  assert.deepEqual(found, [58]);
  assert.deepEqual(await readdir(directory), []);
});

test('R6: a link below an opened directory is not followed either, nor renamed over, nor linked', async (t) => {
  const outside = await temporaryDirectory(t);
  await writeFile(join(outside, 'file'), 'canary');
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'sub'));
  await symlink(outside, join(directory, 'sub', 'away'));
  // Every right but those that only files can have.
  const rights = '(i64.const 264240830)';
  const found = await errnos(
    t,
    '(data (i32.const 0) "sub") (data (i32.const 8) "away/file") (data (i32.const 24) "sub/away/file")',
    [
      `(call $path_open (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 3) (i32.const 2) ${rights} ${rights} (i32.const 0) (i32.const 640))`,
      '(call $path_open (i32.load (i32.const 640)) (i32.const 1) (i32.const 8) (i32.const 9) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 512))',
      '(call $path_open (i32.load (i32.const 640)) (i32.const 1) (i32.const 8) (i32.const 4) (i32.const 2) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 512))',
      '(call $path_unlink_file (i32.load (i32.const 640)) (i32.const 8) (i32.const 9))',
      '(call $path_link (i32.const 3) (i32.const 0) (i32.const 24) (i32.const 13) (i32.const 3) (i32.const 0) (i32.const 2))',
      '(call $path_rename (i32.const 3) (i32.const 24) (i32.const 13) (i32.const 3) (i32.const 0) (i32.const 2))',
      '(call $path_create_directory (i32.load (i32.const 640)) (i32.const 8) (i32.const 8))',
    ],
    { paths: [`rw:${directory}`] },
  );
  assert.deepEqual(found, [0, 32, 32, 32, 32, 32, 32]);
  assert.deepEqual(await readdir(outside), ['file']);
});

test('R1: a hard link in a granted directory is a file of that directory: what is granted must be trusted', async (t) => {
  const outside = await temporaryDirectory(t);
  await writeFile(join(outside, 'shared'), 'linked');
  const directory = await temporaryDirectory(t);
  await link(join(outside, 'shared'), join(directory, 'name'));
  const found = await errnos(t, '(data (i32.const 0) "name")', [open('name')], { paths: [directory] });
  assert.deepEqual(found, [0]);
});
