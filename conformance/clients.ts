/** Other people's clients, told that the registries speak plain HTTP. */
import { peer, type RunOptions, run } from './processes.ts';

/** crane's first words that take `--insecure` after them. */
export async function crane(args: readonly string[], options: RunOptions = {}): Promise<string> {
  return (await run(peer('crane'), ['--insecure', ...args], options)).trim();
}

/** Our small program over the oras library; see `peers/oras`. Gives the digest that it printed. */
export async function oras(args: readonly string[], options: RunOptions = {}): Promise<string> {
  return (await run(peer('oras'), args, options)).trim();
}

/** `skopeo copy` between any two of its transports. */
export async function skopeoCopy(from: string, to: string, flags: readonly string[] = []): Promise<void> {
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false'];
  await run('skopeo', ['copy', '-q', ...plain, ...flags, from, to]);
}

/** What `skopeo inspect --raw` prints of a manifest in a registry. */
export function skopeoRaw(reference: string, flags: readonly string[] = []): Promise<string> {
  return run('skopeo', ['inspect', '--raw', '--tls-verify=false', ...flags, `docker://${reference}`]);
}
