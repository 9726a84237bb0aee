import { setTimeout as sleep } from 'node:timers/promises';
import { systemFileSystem } from '@gantry/core';
import { isGantryError } from '@gantry/oci';
import { killingFileSystem, unsyncedFileSystem } from '@gantry/testkit';
import { openDynamicRoot } from './open-root.ts';
import { readPlugins, runInstaller } from './root.fixture.ts';

/**
 * A process of its own, which may be killed or frozen at any moment:
 * `install ROOT VERSION NAME...`: one run that wants these plugins at that version and no others;
 * `hammer ROOT ROUNDS NAME...`: such runs with a version of each round, plugins left out now and then;
 * `hold ROOT`: holds the root for ever;
 * `read ROOT`: reads until its input ends, exits 1 as soon as a plugin is half-made or mixed.
 */
const [action, directory = '', argument = '', ...names] = process.argv.slice(2);
const fileSystem = killingFileSystem(unsyncedFileSystem(systemFileSystem));
const log = { line: (text: string) => void console.log(text), warn: (text: string) => void console.log(text) };

/** One run, started again when another installer took over meanwhile. */
async function install(wanted: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  for (;;) {
    const root = openDynamicRoot(directory, { log, fileSystem });
    try {
      await runInstaller(root, wanted, { signal });
      return;
    } catch (error) {
      if (!isGantryError(error) || error.code !== 'INSTALL_LOCK_LOST') throw error;
    } finally {
      await root[Symbol.asyncDispose]();
    }
  }
}

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
try {
  if (action === 'install') {
    await install(Object.fromEntries(names.map((name) => [name, argument])), stop.signal);
  } else if (action === 'hammer') {
    for (let round = 0; round < Number(argument); round++) {
      const kept = names.filter((_, index) => (index + round) % (names.length + 1) !== 0);
      await install(Object.fromEntries(kept.map((name) => [name, `${process.pid}-${round}`])), stop.signal);
    }
  } else if (action === 'hold') {
    await openDynamicRoot(directory, { log, fileSystem }).lock();
    console.log('holding');
    await sleep(600_000);
  } else {
    process.stdin.on('end', () => stop.abort()).resume();
    let seen = 0;
    for (; !stop.signal.aborted; seen += readPlugins(directory).size) await sleep(1);
    console.log(`saw ${seen}`);
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
  process.exitCode = 143;
}
