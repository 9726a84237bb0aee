import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runUntilKilled } from './kill-points.ts';
import { tempDir } from './temp-dir.ts';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = '']) => text);

test('the page has examples', () => {
  assert.ok(examples.length >= 5);
});

for (const [nth, text] of examples.entries()) {
  const title = /(?:test\(|Suite\(\n)\s*'([^']+)'/.exec(text)?.[1] ?? String(nth + 1);
  test(`the example runs: ${title}`, async (t) => {
    const script = join(await tempDir(t), 'example.test.ts');
    // Outside of the repository, packages are found by their place instead of their name.
    await writeFile(
      script,
      text.replace(/from '(@gantry\/[a-z]+)'/g, (_all, name: string) => `from '${import.meta.resolve(name)}'`),
    );
    const { code, stdout } = await runUntilKilled(pathToFileURL(script), { env: { NODE_TEST_CONTEXT: '' } });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /pass [1-9]/);
  });
}
