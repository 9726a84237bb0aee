/** docker-registry with one user. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { run, temporaryDirectory } from './processes.ts';
import { type Registry, startDockerRegistry } from './registries.ts';

/** Starts a docker-registry that lets nobody but `user` in. */
export async function startHtpasswdRegistry(
  t: TestContext,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<Registry> {
  const file = join(await temporaryDirectory(t), 'htpasswd');
  await run('htpasswd', ['-Bbc', file, username, password]);
  return startDockerRegistry(t, { auth: `htpasswd: {realm: test, path: ${file}}` });
}
