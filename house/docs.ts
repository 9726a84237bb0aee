// `npm run docs` writes the generated pages; with `--check` it says which are stale and fails.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedPages, stalePages } from './generated-docs.ts';
import { repository } from './packages.ts';

const stale = await stalePages();
if (process.argv.includes('--check')) {
  for (const path of stale) process.stderr.write(`${path} is stale: run npm run docs\n`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const page of await generatedPages()) writeFileSync(join(repository, page.path), page.text);
  process.stdout.write(stale.map((path) => `wrote ${path}\n`).join(''));
}
