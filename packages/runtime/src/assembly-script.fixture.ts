import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Compiles one AssemblyScript file that may import `@extism/as-pdk`, in memory; takes seconds. */
export async function compileAssemblyScript(source: string): Promise<Uint8Array> {
  let output: Uint8Array | undefined;
  const { error, stderr } = await main(['plugin.ts', '--outFile', 'plugin.wasm', '--use', 'abort=plugin/abort', '-O'], {
    readFile(name, baseDirectory) {
      if (name === 'plugin.ts') return source;
      const path = join(baseDirectory === '.' ? ROOT : baseDirectory, name);
      return existsSync(path) ? readFileSync(path, 'utf8') : null;
    },
    writeFile(_name, contents) {
      if (typeof contents !== 'string') output = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || output === undefined) throw new Error(`${error?.message}\n${stderr.toString()}`);
  return output;
}
