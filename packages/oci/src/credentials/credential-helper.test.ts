import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { fakeEnvironment, tempDir } from '@gantry/testkit';
import type { Op } from '../op.ts';
import type { Credential } from './credential.ts';
import { dockerCredentials } from './docker-credentials.ts';

const skip = process.platform === 'win32' ? 'the fake helpers are shell scripts' : false;

/** `setsid` is a program of Linux. */
const onLinux = { skip: process.platform === 'linux' ? false : 'there is no setsid' };

interface Helpers {
  readonly directory: string;
  /** Adds a helper whose body is a shell script. */
  add(name: string, script: string): Promise<void>;
  /** Writes the configuration and asks it. */
  ask(config: object, host?: string, op?: Op, env?: Record<string, string>): Promise<Credential | undefined>;
}

async function helpers(t: TestContext): Promise<Helpers> {
  const directory = await tempDir(t);
  return {
    directory,
    async add(name, script) {
      const file = join(directory, `docker-credential-${name}`);
      await writeFile(file, `#!/bin/sh\n${script}\n`);
      await chmod(file, 0o755);
    },
    async ask(config, host = 'ghcr.io:443', op, env = {}) {
      const file = join(directory, 'config.json');
      await writeFile(file, JSON.stringify(config));
      const environment = fakeEnvironment({
        env: { PATH: `${directory}:/usr/bin:/bin`, REGISTRY_AUTH_FILE: file, ...env },
      });
      return dockerCredentials(environment).credentialFor(`https://${host}` as 'https://x:1', 'team/app', op);
    },
  };
}

const answer = (user: string, secret: string): string =>
  `cat >/dev/null; echo '{"ServerURL":"x","Username":"${user}","Secret":"${secret}"}'`;
const failed = { code: 'REGISTRY_CREDENTIALS' };

test('a helper is asked for the key of the file, Docker Hub for its own', { skip }, async (t) => {
  const h = await helpers(t);
  await h.add('echo', 'read server; echo "{\\"Username\\":\\"$1\\",\\"Secret\\":\\"$server\\"}"');
  const got = (secret: string): Credential => ({ kind: 'basic', username: 'get', password: secret });
  assert.deepEqual(await h.ask({ credHelpers: { 'ghcr.io': 'echo' } }), got('ghcr.io'));
  assert.deepEqual(await h.ask({ credsStore: 'echo' }), got('ghcr.io'));
  assert.deepEqual(await h.ask({ credsStore: 'echo' }, 'registry-1.docker.io:443'), got('https://index.docker.io/v1/'));
  assert.deepEqual(await h.ask({ credsStore: 'echo', auths: { 'ghcr.io': {} } }), got('ghcr.io'));
});

test('a helper of its own comes before the common one; nothing found leaves the entry', { skip }, async (t) => {
  const h = await helpers(t);
  await h.add('own', answer('own', 's'));
  await h.add('common', answer('common', 's'));
  await h.add('empty', 'echo "credentials not found in native keychain"; exit 1');
  const entry = { auth: Buffer.from('entry:s').toString('base64') };
  const user = async (config: object): Promise<string | undefined> => {
    const found = await h.ask(config);
    return found?.kind === 'basic' ? found.username : undefined;
  };
  assert.equal(await user({ credHelpers: { 'ghcr.io': 'own' }, credsStore: 'common' }), 'own');
  assert.equal(await user({ credHelpers: { 'other.example': 'own' }, credsStore: 'common' }), 'common');
  assert.equal(await user({ credHelpers: { 'ghcr.io': 'empty' } }), undefined);
  assert.equal(await user({ credsStore: 'empty', auths: { 'ghcr.io': entry } }), 'entry');
});

test('the user name <token> says that the secret is an identity token', { skip }, async (t) => {
  const h = await helpers(t);
  await h.add('id', answer('<token>', 'refresh'));
  assert.deepEqual(await h.ask({ credsStore: 'id' }), { kind: 'identity', token: 'refresh' });
});

test('A10: a name from the file never reaches a shell or another directory', { skip }, async (t) => {
  const h = await helpers(t);
  for (const name of ['../evil', 'a/b', 'a b', '$(touch x)', 'a;b', 'A', 'x\u0000y', '-', '', 'ä', 'a.sh']) {
    if (name === '' || name === '-') continue;
    await assert.rejects(h.ask({ credHelpers: { 'ghcr.io': name } }), failed, name);
  }
  await assert.rejects(h.ask({ credsStore: 'missing' }), {
    ...failed,
    details: { helper: 'docker-credential-missing' },
  });
  await h.add('relative', answer('u', 's'));
  await assert.rejects(h.ask({ credsStore: 'relative' }, 'ghcr.io:443', {}, { PATH: '.:relative' }), failed);
});

test('A10: what a helper does wrong is an error, never an anonymous request, and is not shown', { skip }, async (t) => {
  const h = await helpers(t);
  const behaviours: Readonly<Record<string, string>> = {
    fails: 'echo c4nary; echo c4nary >&2; exit 1',
    killed: 'kill -9 $$',
    junk: 'echo c4nary',
    silent: 'exit 0',
    list: 'echo \'["c4nary"]\'',
    nothing: 'echo null',
    partial: 'echo \'{"Username":"c4nary"}\'',
    numbers: 'echo \'{"Username":1,"Secret":2}\'',
    twice: 'echo \'{"Username":"a","Secret":"c4nary","Secret":"b"}\'',
    'not-found-elsewhere': 'echo "credentials not found in native keychain c4nary"; exit 1',
  };
  const entry = { auths: { 'ghcr.io': { auth: Buffer.from('fallback:pw').toString('base64') } } };
  for (const [name, script] of Object.entries(behaviours)) {
    await h.add(name, script);
    await assert.rejects(h.ask({ credHelpers: { 'ghcr.io': name }, ...entry }), (error: Error & { code: string }) => {
      assert.equal(error.code, 'REGISTRY_CREDENTIALS', name);
      assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /c4nary/);
      return true;
    });
  }
});

test('A10: output and time are limited; what the helper started dies with it', { skip }, async (t) => {
  const h = await helpers(t);
  const marker = join(h.directory, 'alive');
  await h.add('flood', 'while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done');
  await assert.rejects(h.ask({ credsStore: 'flood' }), failed);
  await h.add('hang', `(while :; do date > ${marker}; sleep 0.02; done) & cat`);
  await h.add('hang-forever', `while :; do date +%s%N > ${marker}; sleep 0.02; done`);
  await assert.rejects(
    h.ask({ credsStore: 'hang-forever' }, 'ghcr.io:443', { limits: { helperTimeout: 100 } }),
    failed,
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  const last = await readFile(marker, 'utf8').catch(() => '');
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(await readFile(marker, 'utf8').catch(() => ''), last);
  await h.add('leaves', `(sleep 60) & ${answer('u', 's')}`);
  assert.equal((await h.ask({ credsStore: 'leaves' }))?.kind, 'basic');
});

test('A10: a helper that leaves a process behind outside its group leaves no open pipe', onLinux, async (t) => {
  const h = await helpers(t);
  const left = join(h.directory, 'left');
  await h.add('daemon', `setsid sh -c 'echo $$ > ${left}; exec sleep 60' & sleep 60`);
  const pipes = (): number => process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap').length;
  const before = pipes();
  const limits = { helperTimeout: 300 };
  await assert.rejects(h.ask({ credsStore: 'daemon' }, 'ghcr.io:443', { limits }), failed);
  const pid = Number(await readFile(left, 'utf8'));
  t.after(() => process.kill(pid, 'SIGKILL'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(pipes(), before);
});

test('the output of a helper at its limit', { skip }, async (t) => {
  const h = await helpers(t);
  const document = '{"Username":"u","Secret":"s"}';
  await h.add('exact', `printf '%s' '${document}'`);
  const size = document.length;
  for (const limit of [size, size + 1]) {
    assert.equal(
      (await h.ask({ credsStore: 'exact' }, 'ghcr.io:443', { limits: { helperOutputBytes: limit } }))?.kind,
      'basic',
    );
  }
  await assert.rejects(
    h.ask({ credsStore: 'exact' }, 'ghcr.io:443', { limits: { helperOutputBytes: size - 1 } }),
    failed,
  );
});

test('A10: a helper sees no variable but those it needs', { skip }, async (t) => {
  const h = await helpers(t);
  const seen = join(h.directory, 'env');
  await h.add('env', `env > ${seen}; ${answer('u', 's')}`);
  const env = {
    GANTRY_SECRET: 'c4nary',
    LD_PRELOAD: '/c4nary.so',
    NODE_OPTIONS: '--c4nary',
    HOME: '/home/me',
    AWS_PROFILE: 'dev',
    HTTPS_PROXY: 'http://p',
  };
  await h.ask({ credsStore: 'env' }, 'ghcr.io:443', {}, env);
  const text = await readFile(seen, 'utf8');
  assert.doesNotMatch(text, /c4nary/);
  for (const line of ['HOME=/home/me', 'AWS_PROFILE=dev', 'HTTPS_PROXY=http://p']) assert.ok(text.includes(line), line);
});

test('F12: cancelling ends the helper', { skip }, async (t) => {
  const h = await helpers(t);
  await h.add('hang', 'sleep 60');
  const aborter = new AbortController();
  const reason = new Error('enough');
  const asked = h.ask({ credsStore: 'hang' }, 'ghcr.io:443', { signal: aborter.signal });
  const refused = assert.rejects(asked, reason);
  await new Promise((resolve) => setTimeout(resolve, 30));
  aborter.abort(reason);
  await refused;
});

test('parallel requests start one helper', { skip }, async (t) => {
  const h = await helpers(t);
  const count = join(h.directory, 'count');
  await h.add('count', `echo x >> ${count}; ${answer('u', 's')}`);
  const file = join(h.directory, 'config.json');
  await writeFile(file, JSON.stringify({ credsStore: 'count' }));
  const source = dockerCredentials(
    fakeEnvironment({ env: { PATH: `${h.directory}:/usr/bin:/bin`, REGISTRY_AUTH_FILE: file } }),
  );
  await Promise.all(Array.from({ length: 5 }, () => source.credentialFor('https://ghcr.io:443', 'a')));
  await source.credentialFor('https://ghcr.io:443', 'a');
  assert.equal(await readFile(count, 'utf8'), 'x\n');
});

test('helpers are asked in the order of a list, the files where it names them', { skip }, async (t) => {
  const h = await helpers(t);
  await h.add('nothing', "cat >/dev/null; echo 'credentials not found in native keychain'; exit 1");
  await h.add('echo', 'read server; echo "{\\"Username\\":\\"$1\\",\\"Secret\\":\\"$server\\"}"');
  const file = join(h.directory, 'config.json');
  await writeFile(file, JSON.stringify({ auths: { 'ghcr.io/team': { auth: btoa('files:s') } } }));
  const environment = fakeEnvironment({ env: { PATH: `${h.directory}:/usr/bin:/bin`, REGISTRY_AUTH_FILE: file } });
  const cases: readonly (readonly [helpers: string[] | undefined, repository: string, username: string | undefined])[] =
    [
      [undefined, 'team/app', 'files'],
      [['nothing', 'containers-auth.json', 'echo'], 'team/app', 'files'],
      [['nothing', 'containers-auth.json', 'echo'], 'other/app', 'get'],
      [['echo', 'containers-auth.json'], 'team/app', 'get'],
      [['nothing'], 'team/app', undefined],
    ];
  for (const [names, repository, username] of cases) {
    const source = dockerCredentials(environment, names && { helpers: names });
    const found = await source.credentialFor('https://ghcr.io:443', repository);
    assert.equal(found?.kind === 'basic' ? found.username : undefined, username, String(names));
    if (username === 'get') assert.equal(found?.kind === 'basic' && found.password, 'ghcr.io');
  }
});
