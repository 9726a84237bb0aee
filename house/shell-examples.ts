import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { repository } from './packages.ts';

/** What a script did. */
export interface ScriptEnd {
  readonly code: number | null;
  /** Stdout and stderr, as they came, each command before its output. */
  readonly output: string;
}

/**
 * Runs commands that a page shows, as one script, in `directory`, where the clone seems to be: examples and installed
 * packages are there. `gantry` and `npx gantry` are the one of this repository. Ports 5000 and 5001, which pages use,
 * become free ones. Stops at the first command that fails.
 */
export async function runShellExamples(commands: string, directory: string): Promise<ScriptEnd> {
  await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'));
  const tools = join(directory, '.tools');
  await mkdir(tools);
  const launcher = join(repository, 'packages', 'cli', 'bin', 'gantry.mjs');
  const shims = {
    gantry: `exec "${process.execPath}" "${launcher}" "$@"`,
    npx: 'command="$1"; shift; exec "$command" "$@"',
    node: `exec "${process.execPath}" "$@"`,
  };
  for (const [name, body] of Object.entries(shims)) {
    await writeFile(join(tools, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(tools, name), 0o755);
  }
  const [first, second] = [await freePort(), await freePort()];
  const withPorts = (text: string): string =>
    text.replaceAll(/\b5000\b/g, String(first)).replaceAll(/\b5001\b/g, String(second));
  await cp(join(repository, 'examples'), join(directory, 'examples'), { recursive: true });
  const project = join(directory, 'examples', 'project', 'gantry.yaml');
  await writeFile(project, withPorts(await readFile(project, 'utf8')));
  const script = withPorts(commands);
  const child = spawn('bash', ['-e', '-x', '-c', `trap 'kill $(jobs -p) 2>/dev/null || :' EXIT\n${script}`], {
    cwd: directory,
    env: {
      PATH: `${tools}:${join(directory, 'node_modules', '.bin')}:${process.env['PATH']}`,
      HOME: directory,
      GANTRY_HOME: join(directory, 'home'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

/** The commands in the fences of a page that are marked as shell. */
export function shellBlocks(page: string): string {
  return [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block).join('');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
