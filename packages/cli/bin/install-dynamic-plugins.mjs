#!/usr/bin/env node
// Starts the installer of Developer Hub on a Node that can run it. It keeps no compiled code: it writes nothing outside
// the directory of plugins.
import { keepMemorySteady, launch } from './launcher.mjs';

const MAIN = '../src/start-installer.ts';

launch('install-dynamic-plugins', 1, (args, version) => {
  import(new URL(MAIN, import.meta.url).href).then((entry) => entry.start(args, version, keepMemorySteady));
});
