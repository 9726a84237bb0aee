/** Plugins to publish. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileAssemblyScript } from '../packages/runtime/src/assembly-script.fixture.ts';

/** Writes an executable that says who it is and repeats its input; gives its path. */
export async function script(directory: string, name: string, says: string): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, `#!/bin/sh\nprintf '%s ' '${says}'\ncat\n`);
  await chmod(file, 0o755);
  return file;
}

const source = `
import { Host } from '@extism/as-pdk';
export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function reverse(): i32 {
  Host.outputString(Host.inputString().split('').reverse().join(''));
  return 0;
}
`;

/** Compiles a Wasm plugin from AssemblyScript with one function, `reverse`; gives its path. */
export async function assemblyScriptPlugin(directory: string): Promise<string> {
  const file = join(directory, 'reverse.wasm');
  await writeFile(file, await compileAssemblyScript(source));
  return file;
}
