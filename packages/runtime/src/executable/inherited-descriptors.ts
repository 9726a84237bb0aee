import { readdirSync, readFileSync } from 'node:fs';

const CLOSE_ON_EXEC = 0o2000000;
const HIGHEST = 1024;

/**
 * Descriptors above stderr that this process was itself given and that would pass on to every child: Node marks the
 * first ones close-on-exec when it starts, but stops at a gap. Linux only; elsewhere nothing can be said and the list
 * is empty. Read synchronously: procfs answers at once, and a warm start waits for it.
 */
export function inheritedDescriptors(): readonly number[] {
  return descriptorsHere().filter((descriptor) => {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readIfThere(`/proc/self/fdinfo/${descriptor}`))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  });
}

function descriptorsHere(): number[] {
  try {
    return readdirSync('/proc/self/fdinfo')
      .map(Number)
      .filter((number) => number > 2 && number < HIGHEST);
  } catch {
    return [];
  }
}

/** Empty when the descriptor is closed meanwhile: then it was one of our own, which are all close-on-exec. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
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
