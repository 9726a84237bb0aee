import { type LineSplitter, splitLines } from '../line-splitter.ts';
import { ExitRequest } from './fault.ts';
import type { WasmMemory } from './web-assembly.ts';

const SUCCESS = 0;
const BADF = 8;
const FAULT = 21;
const INVAL = 28;
const NOSYS = 52;
const SPIPE = 70;
const CHARACTER_DEVICE = 2;
const EVENT_BYTES = 32;
const SUBSCRIPTION_BYTES = 48;
/** Random bytes come in pieces of at most this size. */
const RANDOM_BYTES = 65_536;

/** What WASI preview 1 gives without any directory. */
export interface WasiPowers {
  readonly environment: Readonly<Record<string, string>>;
  /** Lines written to stdout (`info`) and stderr (`warn`); throws when the log is full. */
  readonly log: (level: 'info' | 'warn', line: string) => void;
  /** A longer line is reported in pieces of this size. */
  readonly lineBytes: number;
}

/** The functions, and the memory they work on once there is an instance. */
export interface WasiHost {
  readonly functions: Record<string, (...values: never[]) => number>;
  attach(memory: WasmMemory): void;
  /** Reports what was written without a line end. */
  flush(): void;
}

/**
 * WASI preview 1 as far as it needs no files: an empty stdin, stdout and stderr as log lines, the granted environment,
 * no arguments, clocks, randomness, sleeping, exit. There is no preopened directory, so every function about files
 * answers that the descriptor does not exist. It is JavaScript on purpose: nothing of the plugin reaches native code.
 */
export function openWasiHost(powers: WasiPowers): WasiHost {
  const variables = Object.entries(powers.environment).map(([name, value]) => Buffer.from(`${name}=${value}\0`));
  const lines = (level: 'info' | 'warn'): LineSplitter =>
    splitLines(powers.lineBytes, (line) => {
      powers.log(level, line);
      return true;
    });
  const streams = { 1: lines('info'), 2: lines('warn') };
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let memory: WasmMemory | undefined;

  const view = (): DataView => new DataView(memory?.buffer ?? new ArrayBuffer(0));
  const bytes = (address: number, length: number): Uint8Array =>
    new Uint8Array(memory?.buffer ?? new ArrayBuffer(0), address >>> 0, length >>> 0);
  const standard = (descriptor: number): boolean => descriptor >= 0 && descriptor <= 2;
  const badDescriptor = (): number => BADF;

  const functions: Record<string, (...values: never[]) => number> = {
    args_get: () => SUCCESS,
    args_sizes_get(count: number, size: number) {
      view().setUint32(count >>> 0, 0, true);
      view().setUint32(size >>> 0, 0, true);
      return SUCCESS;
    },
    environ_get(pointers: number, buffer: number) {
      let at = buffer >>> 0;
      variables.forEach((variable, index) => {
        view().setUint32((pointers >>> 0) + index * 4, at, true);
        bytes(at, variable.length).set(variable);
        at += variable.length;
      });
      return SUCCESS;
    },
    environ_sizes_get(count: number, size: number) {
      const total = variables.reduce((sum, variable) => sum + variable.length, 0);
      view().setUint32(count >>> 0, variables.length, true);
      view().setUint32(size >>> 0, total, true);
      return SUCCESS;
    },
    clock_res_get(clock: number, result: number) {
      if (!(clock >= 0 && clock <= 3)) return INVAL;
      view().setBigUint64(result >>> 0, 1_000_000n, true);
      return SUCCESS;
    },
    clock_time_get(clock: number, _precision: bigint, result: number) {
      if (!(clock >= 0 && clock <= 3)) return INVAL;
      view().setBigUint64(result >>> 0, nanoseconds(clock), true);
      return SUCCESS;
    },
    random_get(address: number, length: number) {
      const target = bytes(address, length);
      for (let start = 0; start < target.length; start += RANDOM_BYTES) {
        crypto.getRandomValues(target.subarray(start, start + RANDOM_BYTES));
      }
      return SUCCESS;
    },
    sched_yield: () => SUCCESS,
    proc_exit(code: number) {
      throw new ExitRequest(code >>> 0);
    },
    fd_read(descriptor: number, _vectors: number, _count: number, result: number) {
      if (descriptor !== 0) return BADF;
      view().setUint32(result >>> 0, 0, true);
      return SUCCESS;
    },
    fd_write(descriptor: number, vectors: number, count: number, result: number) {
      if (descriptor !== 1 && descriptor !== 2) return BADF;
      let written = 0;
      for (let index = 0; index < count >>> 0; index++) {
        const at = (vectors >>> 0) + index * 8;
        const length = view().getUint32(at + 4, true);
        streams[descriptor].write(bytes(view().getUint32(at, true), length));
        written += length;
      }
      view().setUint32(result >>> 0, written, true);
      return SUCCESS;
    },
    fd_close: (descriptor: number) => (standard(descriptor) ? SUCCESS : BADF),
    fd_seek: (descriptor: number) => (standard(descriptor) ? SPIPE : BADF),
    fd_fdstat_get(descriptor: number, result: number) {
      if (!standard(descriptor)) return BADF;
      bytes(result, 24).fill(0);
      view().setUint8(result >>> 0, CHARACTER_DEVICE);
      return SUCCESS;
    },
    fd_fdstat_set_flags: (descriptor: number) => (standard(descriptor) ? SUCCESS : BADF),
    fd_filestat_get(descriptor: number, result: number) {
      if (!standard(descriptor)) return BADF;
      bytes(result, 64).fill(0);
      view().setUint8((result >>> 0) + 16, CHARACTER_DEVICE);
      return SUCCESS;
    },
    poll_oneoff: (subscriptions: number, events: number, count: number, result: number) =>
      poll(view(), sleeper, subscriptions >>> 0, events >>> 0, count >>> 0, result >>> 0),
    proc_raise: () => NOSYS,
  };

  return {
    functions: new Proxy(mapped(functions), { get: (all, name) => Reflect.get(all, name) ?? badDescriptor }),
    attach(of) {
      memory = of;
    },
    flush() {
      streams[1].end();
      streams[2].end();
    },
  };
}

/** A pointer outside of the memory is the plugin's fault and an error number, as in every WASI. */
function mapped(
  functions: Record<string, (...values: never[]) => number>,
): Record<string, (...values: never[]) => number> {
  const guard =
    (call: (...values: never[]) => number) =>
    (...values: never[]): number => {
      try {
        return call(...values);
      } catch (error) {
        if (error instanceof RangeError) return FAULT;
        throw error;
      }
    };
  return Object.fromEntries(Object.entries(functions).map(([name, call]) => [name, guard(call)]));
}

function nanoseconds(clock: number): bigint {
  return BigInt(Math.round((clock === 0 ? Date.now() : performance.now()) * 1000)) * 1000n;
}

/** Clock subscriptions wait for the earliest; descriptors are always ready (preview 1, `poll_oneoff`). */
function poll(
  view: DataView,
  sleeper: Int32Array,
  subscriptions: number,
  events: number,
  count: number,
  result: number,
): number {
  if (count === 0) return INVAL;
  const clocks: { readonly userdata: bigint; readonly wait: number }[] = [];
  const ready: { readonly userdata: bigint; readonly type: number; readonly error: number }[] = [];
  for (let index = 0; index < count; index++) {
    const at = subscriptions + index * SUBSCRIPTION_BYTES;
    const userdata = view.getBigUint64(at, true);
    const type = view.getUint8(at + 8);
    if (type === 0) clocks.push({ userdata, wait: waitOf(view, at) });
    else ready.push({ userdata, type, error: view.getUint32(at + 16, true) <= 2 ? SUCCESS : BADF });
  }
  if (ready.length === 0) {
    const shortest = Math.min(...clocks.map(({ wait }) => wait));
    if (shortest > 0) Atomics.wait(sleeper, 0, 0, shortest);
    for (const { userdata, wait } of clocks) if (wait <= shortest) ready.push({ userdata, type: 0, error: SUCCESS });
  }
  ready.forEach(({ userdata, type, error }, index) => {
    const at = events + index * EVENT_BYTES;
    for (let offset = 0; offset < EVENT_BYTES; offset += 8) view.setBigUint64(at + offset, 0n, true);
    view.setBigUint64(at, userdata, true);
    view.setUint16(at + 8, error, true);
    view.setUint8(at + 10, type);
  });
  view.setUint32(result, ready.length, true);
  return SUCCESS;
}

function waitOf(view: DataView, at: number): number {
  const timeout = view.getBigUint64(at + 24, true);
  const absolute = (view.getUint16(at + 40, true) & 1) === 1;
  const left = absolute ? timeout - nanoseconds(view.getUint32(at + 16, true)) : timeout;
  return Math.max(Number(left) / 1_000_000, 0);
}
