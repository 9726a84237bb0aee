import { readdir, readFile } from 'node:fs/promises';

const CLOSE_ON_EXEC = 0o2000000;
const HIGHEST = 1024;

/**
 * Descriptors above stderr that this process was itself given and that would pass on to every child: Node marks the
 * first ones close-on-exec when it starts, but stops at a gap. Linux only; elsewhere nothing can be said and the list
 * is empty.
 */
export async function inheritedDescriptors(): Promise<readonly number[]> {
  const names = await readdir('/proc/self/fdinfo').catch(() => []);
  const inherited: number[] = [];
  for (const descriptor of names.map(Number).filter((number) => number > 2 && number < HIGHEST)) {
    // Gone again: one of our own, which are all close-on-exec.
    const info = await readFile(`/proc/self/fdinfo/${descriptor}`, 'utf8').catch(() => '');
    const flags = /^flags:\s*([0-7]+)$/m.exec(info)?.[1];
    if (flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0) inherited.push(descriptor);
  }
  return inherited;
}

/**
 * The `stdio` of a child: three pipes, and /dev/null in the place of every inherited descriptor, since `spawn` can
 * cover a descriptor but not close it. `devNull` is an open descriptor of it.
 */
export function childStdio(inherited: readonly number[], devNull: number): (number | 'pipe' | 'ignore')[] {
  const stdio: (number | 'pipe' | 'ignore')[] = ['pipe', 'pipe', 'pipe'];
  for (const descriptor of inherited) {
    while (stdio.length <= descriptor) stdio.push('ignore');
    stdio[descriptor] = devNull;
  }
  return stdio;
}
