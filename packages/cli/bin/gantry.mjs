#!/usr/bin/env node
// Starts the command line on a Node that can run it.
import { enableCompileCache, keepMemorySteady, launch } from './launcher.mjs';

const MAIN = '../src/start.ts';

launch('gantry', 2, (args, version) => {
  if (args.length === 1 && args[0] === '--version') {
    process.stdout.write(`${version}\n`);
    return;
  }
  // `run` is mostly over before there is anything to collect, and starts faster without.
  if (args[0] !== 'run') keepMemorySteady();
  enableCompileCache();
  import(new URL(MAIN, import.meta.url).href).then((entry) => entry.start(args, version));
});
