import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { place } from '../place.fixture.ts';
import { gantry, gantryJson } from '../run-main.fixture.ts';

test('a tag alone is refused with exit code 4 and a hint; a digest or consent is accepted', async (t) => {
  const { options, ref, pinned } = await place(t);
  for (const verb of ['install', 'run', 'pull']) {
    const { code, out, err } = await gantry([verb, `${ref}:1.0`], options);
    assert.equal(code, 4, verb);
    assert.equal(out, '');
    assert.match(err, /POLICY_UNPINNED\)\nhint: .*--allow-unsigned/);
  }
  assert.deepEqual(await gantryJson(['list'], options), { schemaVersion: 1, plugins: [] });
  assert.equal((await gantry(['install', pinned], options)).code, 0);
});

test('install and list print the same document, why says more', async (t) => {
  const { options, ref, digest, cwd } = await place(t);
  const installed = await gantryJson<{ plugins: { path: string; entry: string; verdict: { judgedAt: string } }[] }>(
    ['install', `${ref}:1.0`, '--allow-unsigned'],
    options,
  );
  const [plugin] = installed.plugins;
  assert.ok(plugin);
  assert.ok(plugin.path.startsWith(join(cwd, 'home', 'plugins')));
  assert.deepEqual(installed, {
    schemaVersion: 1,
    plugins: [
      {
        name: 'hello',
        reference: `${ref}:1.0@${digest}`,
        digest,
        kind: 'executable',
        platform: null,
        verdict: {
          accepted: true,
          policy: 'none',
          signer: 'unsigned',
          judgedAt: plugin.verdict.judgedAt,
          stale: false,
        },
        path: plugin.path,
        entry: join(plugin.path, 'hello.sh'),
      },
    ],
  });
  assert.deepEqual(await gantryJson(['list'], options), installed);
  const why = await gantryJson(['why', 'hello'], options);
  assert.deepEqual(why['policy'], { source: '--allow-unsigned', clause: 'none' });
  assert.equal(why['digest'], digest);
  assert.equal(new Date(plugin.verdict.judgedAt).toISOString(), plugin.verdict.judgedAt);
  assert.equal(JSON.parse(await readFile(String(why['receipt']), 'utf8')).name, 'hello');
  assert.ok(!Number.isNaN(Date.parse(String(why['installedAt']))));
  assert.match((await gantry(['why', 'hello'], options)).out, /^policy +none, from --allow-unsigned$/m);
  assert.match((await gantry(['list'], options)).out, /^NAME +KIND.*\nhello +executable +none \(unsigned\)/);
});

test('run installs what is absent, then asks no registry', async (t) => {
  const { options, ref, registry } = await place(t);
  const args = ['--allow-unsigned', '--input', 'in', '--', 'a b', '--json'];
  const first = await gantry(['run', `${ref}:1.0`, ...args], options);
  assert.deepEqual([first.code, first.out], [0, 'hello a b --json\nin']);
  assert.match(first.err, /^fetched sha256:[0-9a-f]{12} .*\na log line\n$/);
  registry.log.clear();
  const again = await gantry(['run', `${ref}:1.0`, '--', 'x'], options);
  assert.deepEqual(again, { code: 0, out: 'hello x\n', err: 'a log line\n' });
  const byName = await gantry(['run', 'hello', '--quiet'], options);
  assert.deepEqual(byName, { code: 0, out: 'hello \n', err: '' });
  const offline = await gantry(['run', `${ref}:1.0`, '--offline'], options);
  assert.equal(offline.code, 0);
  assert.equal(registry.log.count(), 0);
});

test('run gives a source whose default name is taken a name of its own, and keeps it', async (t) => {
  const { options, ref, cwd, registry } = await place(t);
  await mkdir(join(cwd, 'other'));
  await writeFile(join(cwd, 'other', 'hello.sh'), '#!/bin/sh\necho other\n');
  const names = async () => {
    const { plugins } = await gantryJson<{ plugins: { name: string }[] }>(['list'], options);
    return plugins.map(({ name }) => name);
  };
  assert.equal((await gantry(['run', './hello.sh'], options)).out, 'hello \n');
  for (let round = 0; round < 2; round++) {
    assert.equal((await gantry(['run', './other/hello.sh'], options)).out, 'other\n');
    assert.equal((await gantry(['run', './hello.sh'], options)).out, 'hello \n');
  }
  const [first, second = ''] = await names();
  assert.equal(first, 'hello.sh');
  assert.match(second, /^hello\.sh-[0-9a-f]{8}$/);
  const verbose = await gantry(['run', './other/hello.sh', '--verbose'], options);
  assert.ok(verbose.err.includes(`installed as ${second}\n`), verbose.err);
  assert.equal((await gantry(['install', './other/hello.sh'], options)).code, 2, 'install does not choose a name');

  await gantry(['push', `${ref}/hello:1.0`, './other/hello.sh'], options);
  await gantry(['run', `${ref}:1.0`, '--allow-unsigned'], options);
  assert.equal((await gantry(['run', `${ref}/hello:1.0`, '--allow-unsigned'], options)).out, 'other\n');
  registry.log.clear();
  assert.equal((await gantry(['run', `${ref}/hello:1.0`], options)).out, 'other\n');
  assert.equal(registry.log.count(), 0);
  assert.equal((await names()).length, 4);
});

test('run takes input from text, a file and stdin', async (t) => {
  const { options, cwd } = await place(t);
  await writeFile(join(cwd, 'request.txt'), 'from a file');
  const run = (...more: string[]) => gantry(['run', './hello.sh', ...more], { ...options, stdin: 'from stdin' });
  assert.equal((await run()).out, 'hello \n');
  assert.equal((await run('--input', 'text')).out, 'hello \ntext');
  assert.equal((await run('--input', '@request.txt')).out, 'hello \nfrom a file');
  assert.equal((await run('--input', '-')).out, 'hello \nfrom stdin');
  const absent = await run('--input', '@absent.txt');
  assert.equal(absent.code, 2);
  assert.match(absent.err, /CONFIG_INPUT_UNREADABLE/);
});

test('a failing plugin ends with exit code 5, its output and, with --json, a last line that says how', async (t) => {
  const { options, ref, digest, cwd } = await place(t);
  const config = [
    'schemaVersion: 1',
    'plugins:',
    `  - name: hello`,
    `    source: ${ref}@${digest}`,
    '    grants: { env: [EXIT] }',
  ];
  await writeFile(join(cwd, 'gantry.yaml'), `${config.join('\n')}\n`);
  assert.equal((await gantry(['install'], options)).code, 0);
  const failing = { ...options, env: { ...options.env, EXIT: '7' } };
  const saved = process.env['EXIT'];
  process.env['EXIT'] = '7';
  t.after(() => {
    if (saved === undefined) delete process.env['EXIT'];
    else process.env['EXIT'] = saved;
  });
  const { code, out, err } = await gantry(['run', 'hello', '--json'], failing);
  assert.equal(code, 5);
  assert.equal(out, 'hello \n');
  const lines = err
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(lines[0].log, { plugin: 'hello', level: 'info', message: 'a log line' });
  assert.equal(lines.at(-2).error.code, 'RUNTIME_EXIT');
  const { durationMs, ...rest } = lines.at(-1);
  assert.ok(durationMs > 0);
  assert.deepEqual(rest, {
    schemaVersion: 1,
    name: 'hello',
    digest,
    kind: 'executable',
    exitCode: 7,
    inputBytes: 0,
    outputBytes: 7,
  });
});

test('a name that is not installed is no reference', async (t) => {
  const { options } = await place(t);
  const { code, err } = await gantry(['run', 'hello'], options);
  assert.equal(code, 1);
  assert.match(err, /INSTALL_NOT_FOUND/);
});

test('several references are installed together or not at all; --keep-going takes the good ones', async (t) => {
  const { options, ref, pinned } = await place(t);
  const broken = `${ref.replace('hello', 'absent')}:1.0`;
  const none = await gantry(['install', pinned, broken, '--allow-unsigned'], options);
  assert.equal(none.code, 3);
  assert.equal(none.out, '');
  assert.match(none.err, /hello was not installed, because others failed/);
  assert.equal((await gantryJson<{ plugins: [] }>(['list'], options)).plugins.length, 0);
  const some = await gantry(['install', pinned, broken, '--allow-unsigned', '--keep-going', '--json'], options);
  assert.equal(some.code, 3);
  assert.equal(JSON.parse(some.out).plugins[0].name, 'hello');
  assert.equal(JSON.parse(some.err.trim().split('\n').at(-1) ?? '').error.code, 'REGISTRY_NOT_FOUND');
});

test('a failure of content weighs more than one of the registry', async (t) => {
  const { options, ref } = await place(t);
  const { code, err } = await gantry(['install', `${ref}:absent`, `${ref}:1.0`, '--name', 'x'], options);
  assert.equal(code, 2, err);
  const both = await gantry(['install', `${ref}:absent`, `${ref}:1.0`, '--json'], options);
  assert.equal(both.code, 4);
  const document = JSON.parse(both.err);
  assert.equal(document.error.code, 'POLICY_UNPINNED');
  assert.equal(document.errors.length, 2);
});

test('a name belongs to its repository until --replace', async (t) => {
  const { options, ref, pinned } = await place(t);
  await gantry(['push', `${ref}/hello:1.0`, 'hello.sh'], options);
  await gantry(['install', pinned], options);
  const taken = await gantry(['install', `${ref}/hello:1.0`, '--allow-unsigned'], options);
  assert.equal(taken.code, 2);
  assert.match(taken.err, /INSTALL_NAME_TAKEN/);
  assert.equal((await gantry(['install', `${ref}/hello:1.0`, '--allow-unsigned', '--replace'], options)).code, 0);
  assert.equal((await gantry(['install', pinned, '--name', 'other'], options)).code, 0);
  assert.equal((await gantry(['install', pinned, '--name', '../evil'], options)).code, 2);
});

test('--dry-run says what would happen and does nothing', async (t) => {
  const { options, pinned, registry, digest } = await place(t);
  const plan = await gantryJson(['install', pinned, '--dry-run'], options);
  const [planned] = plan['plugins'] as Record<string, unknown>[];
  assert.deepEqual([planned?.['action'], planned?.['digest'], planned?.['name']], ['install', digest, 'hello']);
  assert.equal(registry.log.count('GET', '/blobs/'), 0);
  assert.equal((await gantryJson<{ plugins: [] }>(['list'], options)).plugins.length, 0);
  assert.match((await gantry(['install', pinned, '--dry-run'], options)).out, /^would install hello \(/);
  await gantry(['install', pinned], options);
  assert.match((await gantry(['install', pinned, '--dry-run'], options)).out, /^unchanged hello \(/);
});

test('gantry.yaml: plugins, limits and trust; --config names another one', async (t) => {
  const { options, ref, pinned, cwd } = await place(t);
  const nothing = await gantry(['install'], options);
  assert.equal(nothing.code, 2);
  assert.match(nothing.err, /gantry\.yaml has no plugins/);
  await writeFile(join(cwd, 'gantry.yaml'), `schemaVersion: 1\nplugins:\n  - name: one\n    source: oci://${pinned}\n`);
  const installed = await gantryJson<{ plugins: { name: string }[] }>(['install'], options);
  assert.deepEqual(
    installed.plugins.map(({ name }) => name),
    ['one'],
  );

  const other = `schemaVersion: 1\nlimits: { retries: 2 }\ntrust:\n  - scope: ${ref}\n    require: none\n`;
  await writeFile(join(cwd, 'other.yaml'), other);
  const limits = await gantryJson<{ limits: { name: string; value: number }[] }>(
    ['limits', '--config', 'other.yaml'],
    options,
  );
  assert.equal(limits.limits.find(({ name }) => name === 'retries')?.value, 2);
  assert.equal((await gantry(['install', `${ref}:1.0`, '--config', 'other.yaml'], options)).code, 0);
  const bad = await gantry(['list', '--config', 'absent.yaml'], options);
  assert.equal(bad.code, 2);
  assert.match(bad.err, /CONFIG_UNREADABLE/);
});

test('pull writes files with their digests, keeps what is there, and leaves nothing behind on failure', async (t) => {
  const { options, pinned, ref, digest, cwd } = await place(t);
  const pulled = await gantryJson(['pull', pinned, '-o', 'out'], options);
  assert.equal(pulled['digest'], digest);
  assert.equal(pulled['directory'], join(cwd, 'out'));
  const [file] = pulled['files'] as { path: string }[];
  assert.equal(file?.path, 'hello.sh');
  await writeFile(join(cwd, 'out', 'hello.sh'), 'mine');
  const conflict = await gantry(['pull', pinned, '-o', 'out'], options);
  assert.equal(conflict.code, 1);
  assert.match(conflict.err, /INSTALL_FILE_EXISTS/);
  assert.equal((await gantry(['pull', pinned, '-o', 'out', '--force'], options)).out, 'hello.sh\n');
  assert.equal((await gantry(['pull', `${ref}:absent`, '-o', 'none', '--allow-unsigned'], options)).code, 3);
  assert.ok(!(await readdir(cwd)).includes('none'));
});

test('pull --layout writes a layout that can be installed from without a flag', async (t) => {
  const { options, pinned, digest, registry } = await place(t);
  const pulled = await gantry(['pull', pinned, '-o', 'air', '--layout'], options);
  assert.equal(pulled.code, 0, pulled.err);
  registry.log.clear();
  assert.equal((await gantry(['run', 'oci-layout:air:1.0', '--', 'layout'], options)).out, 'hello layout\n');
  assert.equal(registry.log.count(), 0);
  const { plugins } = await gantryJson<{ plugins: { digest: string; verdict: { policy: string } }[] }>(
    ['list'],
    options,
  );
  assert.deepEqual(
    plugins.map((plugin) => [plugin.digest, plugin.verdict.policy]),
    [[digest, 'local']],
  );
  const local = await gantry(['pull', './hello.sh', '-o', 'other', '--layout'], options);
  assert.equal(local.code, 2);
});

test('remove takes a plugin away; --root keeps plugins of their own', async (t) => {
  const { options, pinned } = await place(t);
  await gantry(['install', pinned, '--root', 'project'], options);
  assert.equal((await gantryJson<{ plugins: [] }>(['list'], options)).plugins.length, 0);
  assert.equal((await gantry(['run', 'hello', '--root', 'project', '--', 'x'], options)).out, 'hello x\n');
  assert.deepEqual(await gantryJson(['remove', 'hello', '--root', 'project'], options), {
    schemaVersion: 1,
    name: 'hello',
    removed: true,
  });
  assert.equal((await gantry(['remove', 'hello', '--root', 'project'], options)).code, 1);
});

test('cache ls, verify and prune', async (t) => {
  const { options, pinned, cwd } = await place(t);
  await gantry(['install', pinned], options);
  const listed = await gantryJson<{ blobs: number; entries: { digest: string }[] }>(['cache', 'ls'], options);
  assert.equal(listed.blobs, listed.entries.length);
  const [entry] = listed.entries;
  assert.ok(entry !== undefined);
  const verified = await gantryJson(['cache', 'verify'], options);
  assert.deepEqual([verified['checked'], verified['damaged']], [listed.blobs, []]);
  assert.deepEqual(await gantryJson(['cache', 'prune'], options), {
    schemaVersion: 1,
    removed: 0,
    freed: 0,
    kept: listed.blobs,
  });
  const { out } = await gantry(['cache', 'prune'], options);
  assert.equal(out, `removed 0 blobs, freed 0 B\nkept ${listed.blobs} used in the last 60 min (limit blobAge)\n`);

  const store = join(cwd, 'home', 'store');
  const blob = (await readdir(store, { recursive: true })).find((name) => name.endsWith(entry.digest.slice(7)));
  await writeFile(join(store, blob ?? ''), 'damaged', { mode: 0o600 });
  const damaged = await gantry(['cache', 'verify', '--json'], options);
  assert.equal(damaged.code, 4);
  assert.deepEqual(JSON.parse(damaged.out).damaged, [entry.digest]);
  assert.equal(JSON.parse(damaged.err).error.code, 'CONTENT_INTEGRITY');
  assert.equal((await gantry(['cache', 'verify'], options)).code, 0);
});

test('limits lists every limit once, with its unit', async (t) => {
  const { options } = await place(t);
  const { limits } = await gantryJson<{ limits: Record<string, unknown>[] }>(['limits'], options);
  assert.equal(new Set(limits.map((limit) => limit['name'])).size, limits.length);
  for (const limit of limits) {
    assert.match(String(limit['package']), /^@gantry\/(oci|registry|core|runtime|backstage)$/);
    assert.equal(typeof limit['value'], 'number');
    assert.equal(typeof limit['unit'], 'string');
  }
});
