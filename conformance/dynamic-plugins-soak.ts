/**
 * Many installers of the real program on one root, killed, stopped and frozen at random, their lock deleted by hand, while
 * a reader loads plugins all the time. `npm run test:soak` runs it in full; the end-to-end tests a few rounds of it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cleanup, type HubWorld, hubWorld } from '@gantry/testkit';
import { type InstallerEnd, type RunningInstaller, startInstaller } from './installer.ts';
import type { Seen } from './plugin-reader.ts';
import { publishVersion, type Version } from './plugin-versions.ts';

/** How much of it there is. */
export interface SoakOptions {
  readonly installers: number;
  readonly rounds: number;
  /** In every how-manieth round the holder of the lock is frozen until others took over; they wait ten seconds for that. */
  readonly freezeEvery: number;
  /** Gets a line about each round. */
  readonly log?: (line: string) => void;
}

/** What happened. */
export interface SoakResult extends Seen {
  /** How many runs ended in which way. */
  readonly ends: Readonly<Record<string, number>>;
}

const LOCK = 'install-dynamic-plugins.lock';

/** One root, and what should be in it after a run for either version. */
interface Place {
  readonly root: string;
  readonly start: (version: Version, root?: string) => RunningInstaller;
  readonly expected: Readonly<Record<Version, Readonly<Record<string, string>>>>;
  /** Where installers put what is not for the root. */
  readonly temporary: string;
}

/** Runs the rounds; throws as soon as something is not right. */
export async function soak(t: Cleanup, options: SoakOptions): Promise<SoakResult> {
  const place = await openPlace(await hubWorld(t));
  const reader = startReader(place.root);
  const ends: Record<string, number> = {};
  try {
    for (let round = 1; round <= options.rounds; round++) {
      const started = performance.now();
      const counted = await oneRound(place, options, round);
      for (const end of counted) ends[end] = (ends[end] ?? 0) + 1;
      await settle(place, round % 2 === 0 ? 'a' : 'b');
      await reader.check();
      options.log?.(`round ${round}: ${((performance.now() - started) / 1000).toFixed(1)} s, ${JSON.stringify(ends)}`);
    }
  } finally {
    await reader.stop();
  }
  return { ...(await reader.seen), ends };
}

async function openPlace(hub: HubWorld): Promise<Place> {
  const temporary = join(hub.cwd, 'tmp');
  mkdirSync(temporary);
  // Compiled once: what is tested is not how fast Node reads TypeScript.
  const env = { ...hub.env, TMPDIR: temporary, NODE_COMPILE_CACHE: join(hub.cwd, 'compiled') };
  const pods = { a: await publishVersion(hub, 'a'), b: await publishVersion(hub, 'b') };
  const start: Place['start'] = (version, root = hub.root) => startInstaller({ cwd: pods[version], env, args: [root] });
  const clean = async (version: Version): Promise<Readonly<Record<string, string>>> => {
    const root = join(hub.cwd, `clean-${version}`, 'dynamic-plugins-root');
    const end = await start(version, root).end;
    assert.equal(end.code, 0, end.stderr + end.stdout);
    return contentOf(root);
  };
  const expected = { a: await clean('a'), b: await clean('b') };
  assert.notDeepEqual(expected.a, expected.b);
  // The reader has something to load from the start.
  cpSync(join(hub.cwd, 'clean-a', 'dynamic-plugins-root'), hub.root, { recursive: true });
  return { root: hub.root, start, expected, temporary };
}

/** Every file of a root by path, without the time in our own notes. */
function contentOf(root: string): Readonly<Record<string, string>> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [
        path.slice(root.length + 1),
        readFileSync(path, 'utf8').replace(/"installedAt":\s*"[^"]*"/, '"installedAt": ""'),
      ]),
  );
}

/** One crowd of installers, half for either version. Gives how each of them ended. */
async function oneRound(place: Place, options: SoakOptions, round: number): Promise<string[]> {
  const struck = new Map<number, NodeJS.Signals>();
  const running = Array.from({ length: options.installers }, (_, nth) => place.start(nth % 2 === 0 ? 'a' : 'b'));
  const ended = Promise.all(running.map(({ end }) => end));
  const freezing = round % options.freezeEvery === 0 ? freeze(place, running, struck) : undefined;
  try {
    await strike(place, running, struck, options.installers / 4);
    await freezing;
    const outcomes = await ended;
    return outcomes.map((end, nth) => judge(end, struck.get(running[nth]?.process.pid ?? 0)));
  } finally {
    for (const { process: child } of running) child.kill('SIGKILL');
  }
}

/** Kills and stops installers, mostly the one that works, until few are left; now and then somebody deletes the lock. */
async function strike(
  { root }: Place,
  running: readonly RunningInstaller[],
  struck: Map<number, NodeJS.Signals>,
  left: number,
): Promise<void> {
  for (;;) {
    const alive = running.filter(({ process: { pid = 0 } }) => isAlive(running, pid));
    if (alive.length <= left) return;
    const holder = alive.find(({ process: { pid } }) => pid === holderOf(root));
    const victim = Math.random() < 0.7 ? holder : alive[Math.floor(Math.random() * alive.length)];
    const pid = victim?.process.pid;
    const chance = Math.random();
    if (chance < 0.1) for (const name of [LOCK, 'dynamic-plugins.lock']) rmSync(join(root, name), { force: true });
    if (chance > 0.4 && pid !== undefined && !struck.has(pid)) {
      const signal = Math.random() < 0.6 ? 'SIGKILL' : 'SIGTERM';
      struck.set(pid, signal);
      victim?.process.kill(signal);
    }
    await sleep(Math.random() * 400);
  }
}

function isAlive(running: readonly RunningInstaller[], pid: number): boolean {
  const found = running.find((one) => one.process.pid === pid)?.process;
  return found !== undefined && found.exitCode === null && found.signalCode === null;
}

/** Freezes a holder in the middle of its work, and wakes it when another has taken over, or when nobody is left to do so. */
async function freeze(
  { root }: Place,
  running: readonly RunningInstaller[],
  struck: Map<number, NodeJS.Signals>,
): Promise<void> {
  const others = (frozen?: number): boolean =>
    running.some(({ process: { pid = 0 } }) => pid !== frozen && isAlive(running, pid));
  while (others()) {
    const pid = holderOf(root);
    const staging = readdirSync(root).some((name) => /^\.gantry-[0-9a-f]{32}$/.test(name));
    if (pid === undefined || !staging || struck.has(pid) || !isAlive(running, pid)) {
      await sleep(Math.random() * 20);
      continue;
    }
    struck.set(pid, 'SIGSTOP');
    process.kill(pid, 'SIGSTOP');
    while (others(pid) && (holderOf(root) ?? pid) === pid) await sleep(50);
    await sleep(Math.random() * 500);
    process.kill(pid, 'SIGCONT');
    return;
  }
}

/** The process that holds a root; undefined when there is none that can be told. */
function holderOf(root: string): number | undefined {
  try {
    const record = JSON.parse(readFileSync(join(root, LOCK), 'utf8')) as { owner?: { pid?: number } };
    return record.owner?.pid;
  } catch {
    return undefined;
  }
}

/** How a run ended, in a word; throws when it may not end like that. */
function judge({ code, signal, stdout, stderr }: InstallerEnd, struck: NodeJS.Signals | undefined): string {
  const told = `${struck ?? 'nothing'} was sent, it ended with ${code ?? signal}\n${stdout}\n${stderr}`;
  // One that was frozen has lost the root, and started again.
  if (code === 0) return stdout.includes('; starting again') ? 'deposed and finished' : 'finished';
  if (signal === 'SIGKILL' && struck === 'SIGKILL') return 'killed';
  // Before it listens for the signal it ends by it.
  if (struck === 'SIGTERM' && (code === 143 || signal === 'SIGTERM')) return 'terminated';
  throw new Error(told);
}

/** One more run, undisturbed: then there is what it asked for, and nothing else. */
async function settle(place: Place, version: Version): Promise<void> {
  const { code, stdout, stderr } = await place.start(version).end;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  assert.deepEqual(contentOf(place.root), place.expected[version]);
  assert.deepEqual(readdirSync(place.temporary), []);
}

/** A reader in a process of its own. */
function startReader(root: string): { check(): Promise<void>; stop(): Promise<void>; readonly seen: Promise<Seen> } {
  const args = ['--preserve-symlinks', join(import.meta.dirname, 'plugin-reader.ts'), root];
  const child = spawn(process.execPath, args, { stdio: 'pipe' });
  const [out, problems, end] = [text(child.stdout), text(child.stderr), once(child, 'close')];
  const seen = (async (): Promise<Seen> => {
    const [code] = await end;
    assert.equal(code, 0, await problems);
    return JSON.parse(await out) as Seen;
  })();
  seen.catch(() => undefined);
  return {
    check: async () => {
      if (child.exitCode !== null) await seen;
    },
    stop: async () => {
      child.stdin.on('error', () => undefined).end();
      await end;
    },
    seen,
  };
}

/** The full soak. */
async function main(): Promise<void> {
  const cleaning: (() => void | Promise<void>)[] = [];
  const rounds = Number(process.argv[2] ?? 200);
  try {
    const result = await soak(
      { after: (work) => void cleaning.push(work) },
      { installers: 16, rounds, freezeEvery: 10, log: (line) => console.log(line) },
    );
    console.log(`${rounds} rounds of 16 installers: ${JSON.stringify(result)}`);
  } finally {
    for (const work of cleaning.reverse()) await work();
  }
}

if (import.meta.main) await main();
