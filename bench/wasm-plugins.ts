/** Plugins for the Wasm rows: a small one from AssemblyScript, a real one from Go. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installPeers, peersDirectory } from '../conformance/install-peers.ts';
import { cache } from './fixtures.ts';

/** The Go plugin of the end-to-end tests: `echo`, `greet`, `shout`. */
export function goPlugin(): string {
  const file = join(peersDirectory, 'plugin.wasm');
  if (!existsSync(file)) installPeers();
  return file;
}

/** A plugin of some kilobytes from AssemblyScript whose `echo` gives its input back. */
export async function echoPlugin(): Promise<string> {
  const file = join(cache, 'echo.wasm');
  if (existsSync(file)) return file;
  const { main } = await import('assemblyscript/asc');
  const source = `import { Host } from '@extism/as-pdk';
function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function echo(): i32 { Host.output(Host.input()); return 0; }
`;
  const modules = resolve(import.meta.dirname, '..');
  const { error } = await main(['echo.ts', '--outFile', 'echo.wasm', '--use', 'abort=echo/abort', '-O'], {
    readFile(name, baseDirectory) {
      if (name === 'echo.ts') return source;
      const path = join(baseDirectory === '.' ? modules : baseDirectory, name);
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
    writeFile(_name, contents) {
      if (typeof contents !== 'string') writeFileSync(file, contents);
    },
    listFiles: () => [],
  });
  if (error !== null) throw error;
  return file;
}
