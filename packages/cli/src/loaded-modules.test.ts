import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Place, place } from './place.fixture.ts';
import { gantry } from './run-main.fixture.ts';

const bin = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'gantry.mjs');

/** Writes the URL of every module that is resolved, ours and the dependencies', to a file when the process ends. */
const RECORDER = `
import { registerHooks } from 'node:module';
import { writeFileSync } from 'node:fs';
const urls = [];
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    urls.push(resolved.url);
    return resolved;
  },
});
process.on('exit', () => writeFileSync(process.env.LOADED, urls.join('\\n')));
`;

/** Runs a command in a process of its own; gives the names of the packages that it loaded. */
async function packagesLoaded({ cwd, options }: Place, args: readonly string[]): Promise<ReadonlySet<string>> {
  const [recorder, loaded] = [join(cwd, 'recorder.mjs'), join(cwd, 'loaded.txt')];
  await writeFile(recorder, RECORDER);
  const env = { ...options.env, LOADED: loaded, NODE_DISABLE_COMPILE_CACHE: '1' };
  const child = spawn(process.execPath, ['--import', recorder, bin, ...args], { cwd, env, stdio: 'pipe' });
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdin.end();
  child.stdout.resume();
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  const urls = (await readFile(loaded, 'utf8')).split('\n');
  assert.ok(urls.length > 10, 'nothing was recorded');
  return new Set(urls.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []));
}

/** What only signatures, certificates and trust roots need. */
const FOR_TRUST = /^(?:@sigstore\/.*|@tufjs\/.*|tuf-js|re2js|tweetnacl|asn1js|pkijs)$/;

test('commands that judge no signature load nothing of what that needs', async (t) => {
  const where = await place(t);
  const commands = [
    ['run', `${where.ref}:1.0`, '--allow-unsigned'],
    ['run', 'hello'],
    ['list'],
    ['why', 'hello'],
    ['inspect', where.pinned],
    ['cache', 'ls'],
    ['limits'],
    ['push', `${where.ref}:2`, 'hello.sh'],
    ['--help'],
    ['verify', '--help'],
  ];
  for (const args of commands) {
    const loaded = [...(await packagesLoaded(where, args))].filter((name) => FOR_TRUST.test(name));
    assert.deepEqual(loaded, [], args.join(' '));
  }
});

test('verifying with a key loads neither @sigstore/verify nor TUF nor a regular expression engine', async (t) => {
  const where = await place(t);
  const options = { ...where.options, env: { ...where.options.env, COSIGN_PASSWORD: '' } };
  await gantry(['key', 'generate'], options);
  await gantry(['sign', where.pinned, '--key', 'gantry.key'], options);
  const loaded = await packagesLoaded(where, ['verify', where.pinned, '--key', 'gantry.pub']);
  assert.deepEqual(
    [...loaded].filter((name) => FOR_TRUST.test(name)),
    [],
  );
});
