import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from '../files/durable.ts';

/** Who holds a lock or a lease: enough to tell whether it still runs, also when its pid was given to another process. */
export interface ProcessIdentity {
  /** Host name and, where there are such, pid namespace: pids mean something only inside it. */
  readonly host: string;
  readonly pid: number;
  /** When the process started, in the kernel's own unit; empty where the system does not tell. */
  readonly start: string;
  /** The system's boot; empty where it does not tell. */
  readonly boot: string;
}

let self: ProcessIdentity | undefined;

/** This process. */
export function currentProcess(): ProcessIdentity {
  self ??= {
    host: [hostname(), ...probe(() => readlinkSync('/proc/self/ns/pid'))].join('/'),
    pid: process.pid,
    start: startOf(process.pid),
    boot: probe(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()).join(''),
  };
  return self;
}

/** True when both are one process. */
export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.host === b.host && a.boot === b.boot && a.pid === b.pid && a.start === b.start;
}

/** True when the process certainly no longer runs; false when it runs or nobody here can tell. */
export function isGone(owner: ProcessIdentity, self: ProcessIdentity): boolean {
  if (owner.host !== self.host) return false;
  if (owner.boot !== self.boot) return true;
  if (owner.start !== '') return startOf(owner.pid) !== owner.start;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}

/** Field 22 of /proc/PID/stat; the command in field 2 may contain anything, so counting starts behind it. */
function startOf(pid: number): string {
  return probe(() => {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const zombie = fields[0] === 'Z' || fields[0] === 'X';
    return zombie ? '' : (fields[19] ?? '');
  }).join('');
}

/** Not every system has /proc. */
function probe(read: () => string): string[] {
  try {
    return [read()];
  } catch {
    return [];
  }
}
