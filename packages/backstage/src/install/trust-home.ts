import { lstatSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '@gantry/oci';
import type { LogSink } from './log-sink.ts';

/** Where trust roots and signing times are kept. */
export interface TrustHome extends Disposable {
  /** Absolute. */
  readonly directory: string;
}

/**
 * `$GANTRY_HOME`, else a directory of this user's own in the temporary one. What lies there decides which signatures
 * count, and its name can be guessed: a directory, or a link, that somebody else may have put there is reported and not used.
 * One with another name takes its place then, which disposing removes.
 */
export function openTrustHome({ env }: Pick<Environment, 'env'>, log: LogSink): TrustHome {
  const home = env['GANTRY_HOME'];
  if (home) return { directory: home, [Symbol.dispose]: () => {} };
  const temporary = env['TMPDIR'] || tmpdir();
  const directory = join(temporary, `gantry-${process.getuid?.() ?? 'user'}`);
  if (makePrivate(directory)) return { directory, [Symbol.dispose]: () => {} };
  const fresh = mkdtempSync(join(temporary, 'gantry-trust-'));
  log.warn(
    `WARNING: ${directory} is not this user's alone; trust roots are fetched anew. GANTRY_HOME names another place`,
  );
  return { directory: fresh, [Symbol.dispose]: () => rmSync(fresh, { recursive: true, force: true }) };
}

/**
 * Makes a directory that nobody else can read or write; false when what is there is anything else. Where none can be made
 * nothing can be kept, which whoever tries to says.
 */
function makePrivate(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch {
    // Whatever is there is looked at.
  }
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) return true;
  if (!stats.isDirectory()) return false;
  return process.getuid === undefined || (stats.uid === process.getuid() && (stats.mode & 0o077) === 0);
}
