/**
 * `node --preserve-symlinks plugin-reader.ts ROOT`: lists a root and loads every plugin in it, as Backstage does, until its
 * input ends; says what it saw as JSON. Ends with an error as soon as a plugin is half-made or made of two versions.
 *
 * A directory is held open and read through its descriptor, so that one that is moved meanwhile is still the same one. What
 * was taken out of its place while it was read is not judged.
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a reader saw. */
export interface Seen {
  /** How many plugins it loaded that stood where they were all the while. */
  readonly loaded: number;
  /** Loads by version. */
  readonly versions: Readonly<Record<string, number>>;
}

const require = createRequire(import.meta.url);

/** The version of the plugin in a directory; throws when it is not one whole plugin. */
function loadPlugin(directory: string): string {
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { main: string; of: string };
  for (const key of Object.keys(require.cache)) if (key.startsWith('/proc/self/fd/')) delete require.cache[key];
  const loaded = require(join(directory, manifest.main)) as readonly string[];
  if (loaded.length !== 4 || loaded.some((version) => version !== manifest.of)) {
    throw new Error(`package.json is of version ${manifest.of}, what it loads of ${JSON.stringify(loaded)}`);
  }
  for (const note of ['dynamic-plugin-config.hash', '.gantry.json']) readFileSync(join(directory, note));
  return manifest.of;
}

/** The version of what stands at a path; undefined when nothing stands there any more. */
function look(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    if (!fstatSync(fd).isDirectory()) return undefined;
    return loadPlugin(`/proc/self/fd/${fd}`);
  } catch (error) {
    // While it is open its number is not given to another directory.
    if (statSync(path, { throwIfNoEntry: false })?.ino !== fstatSync(fd).ino) return undefined;
    throw new Error(`${path} is not a whole plugin`, { cause: error });
  } finally {
    closeSync(fd);
  }
}

async function readUntilStopped(root: string): Promise<Seen> {
  const versions: Record<string, number> = {};
  let stopped = false;
  process.stdin.on('end', () => {
    stopped = true;
  });
  process.stdin.resume();
  while (!stopped) {
    for (const name of readdirSync(root)) {
      const version = name.startsWith('.gantry-') ? undefined : look(join(root, name));
      if (version !== undefined) versions[version] = (versions[version] ?? 0) + 1;
    }
    await sleep(5);
  }
  return { loaded: Object.values(versions).reduce((sum, count) => sum + count, 0), versions };
}

if (import.meta.main) console.log(JSON.stringify(await readUntilStopped(process.argv[2] ?? '')));
