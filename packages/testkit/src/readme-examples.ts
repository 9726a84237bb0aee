import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runUntilKilled } from './kill-points.ts';
import { tempDir } from './temp-dir.ts';

/**
 * Registers a test for each `ts` block of a page: the block runs in a process of its own, from another directory. A
 * block with tests must pass them; `resolve` is the caller's `import.meta.resolve`, by which packages are found.
 */
export function testExamples(page: URL, resolve: (specifier: string) => string): void {
  const examples = [...readFileSync(page, 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  assert.ok(examples.length > 0, `${page} has no examples`);
  for (const [nth, text] of examples.entries()) {
    const title = /(?:test\(|Suite\(\n)\s*'([^']+)'/.exec(text)?.[1] ?? `number ${nth + 1}`;
    test(`the example runs: ${title}`, async (t) => {
      const script = join(await tempDir(t), 'example.test.ts');
      await writeFile(
        script,
        text.replace(/from '(@gantry\/[a-z]+)'/g, (_all, name: string) => `from '${resolve(name)}'`),
      );
      const { code, stdout, stderr } = await runUntilKilled(pathToFileURL(script), { env: { NODE_TEST_CONTEXT: '' } });
      assert.equal(code, 0, stdout + stderr);
      if (text.includes('node:test')) assert.match(stdout, /pass [1-9]/);
    });
  }
}
