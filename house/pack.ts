// `npm run pack`: lays out every published package under build/npm and packs it there.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { notBuilt } from './bundle.ts';
import { published, repository } from './packages.ts';
import { stage } from './stage.ts';

const missing = notBuilt(published.filter((item) => item.kind === 'library').map((item) => item.directory));
if (missing.length > 0) throw new Error(`not built yet, run npm run build: ${missing.join(', ')}`);

const tarballs = join(repository, 'build', 'tarballs');
rmSync(tarballs, { recursive: true, force: true });
mkdirSync(tarballs, { recursive: true });
for (const item of published) {
  const directory = await stage(item);
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', tarballs], {
    cwd: directory,
    encoding: 'utf8',
  });
  process.stdout.write(`build/tarballs/${packed.trim()}\n`);
}
