import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { published, readManifest, repository } from '../packages.ts';
import { tarballs } from './installation.ts';

const packed = tarballs();

for (const item of published) {
  const { name } = readManifest(item.directory);
  const staged = join(repository, 'build', 'npm', item.directory);
  const files = readdirSync(staged, { recursive: true, encoding: 'utf8' });
  const manifest = JSON.parse(readFileSync(join(staged, 'package.json'), 'utf8')) as Record<string, unknown>;

  test(`${name}: publint finds nothing`, async () => {
    const { messages } = await publint({ pkgDir: staged, strict: true });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, manifest)),
      [],
    );
  });

  test(`${name}: what is packed is compiled and names no TypeScript`, () => {
    assert.ok(files.includes('LICENSE') && files.includes('README.md') && files.includes('package.json'));
    assert.deepEqual(
      files.filter((file) => /(?<!\.d)\.ts$|\.test\.|\.fixture\.|tsbuildinfo/.test(file)),
      [],
    );
    for (const file of files.filter((entry) => /\.(?:d\.ts|m?js)$/.test(entry))) {
      const imports = /(?:from|import\(?)\s*['"][^'"]+\.ts['"]/;
      assert.doesNotMatch(readFileSync(join(staged, file), 'utf8'), imports, file);
    }
    assert.doesNotMatch(JSON.stringify(manifest), /(?<!\.d)\.ts"|"development"|"workspace:/);
  });

  test(`${name}: dependencies are ranges, and only what the package needs`, () => {
    for (const range of Object.values((manifest['dependencies'] ?? {}) as Record<string, string>)) {
      assert.match(range, /^\^/);
    }
    assert.equal(manifest['devDependencies'], undefined);
    assert.equal(manifest['scripts'], undefined);
  });

  if (item.kind === 'command') continue;
  test(`${name}: types resolve for every module system`, () => {
    const attw = join(repository, 'node_modules', '.bin', 'attw');
    // require() of ESM is what CommonJS does here: every Node that these packages accept can do it.
    const args = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--no-emoji', packed[name] ?? ''];
    execFileSync(attw, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  });
}
