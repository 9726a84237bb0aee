import type { FileSystem } from '@gantry/core';

/** A call of {@link FileSystem} that can fail. */
export type FileCall = Exclude<keyof FileSystem, 'reached'>;

/** When and how a {@link faultyFileSystem} fails. */
export interface FileFault {
  /** Fails at the k-th call, counted from 1; never without it. */
  readonly failAt?: number;
  /** The code of the error. Default `ENOSPC`. */
  readonly code?: string;
  /** Which calls count and may fail. Default: all. */
  readonly calls?: readonly FileCall[];
  /** Also every counted call after the k-th fails, as on a disk that stays full. Default false. */
  readonly sticky?: boolean;
}

/** A file system that fails, and tells what was asked of it. */
export interface FaultyFileSystem extends FileSystem {
  /** The calls that counted, in order. */
  readonly calls: readonly FileCall[];
  /** The named points that were reached, in order. */
  readonly points: readonly string[];
  /** Whether a call has failed. */
  readonly failed: boolean;
}

/** Wraps a file system: counts its calls, and lets one fail as the operating system would. */
export function faultyFileSystem(inner: FileSystem, fault: FileFault = {}): FaultyFileSystem {
  const calls: FileCall[] = [];
  const points: string[] = [];
  let failed = false;
  const check = (call: FileCall): void => {
    if (fault.calls !== undefined && !fault.calls.includes(call)) return;
    calls.push(call);
    const { failAt = Number.POSITIVE_INFINITY, sticky = false } = fault;
    if (calls.length !== failAt && !(sticky && calls.length > failAt)) return;
    failed = true;
    const code = fault.code ?? 'ENOSPC';
    throw Object.assign(new Error(`${code}: injected into ${call}`), { code, syscall: call });
  };
  return {
    calls,
    points,
    get failed(): boolean {
      return failed;
    },
    ...wrapCalls(inner, check),
    reached: (point) => {
      points.push(point);
      inner.reached(point);
    },
  };
}

/** The calls of a file system with `before` run first; what it throws is what the call throws, or rejects with. */
function wrapCalls(inner: FileSystem, before: (call: FileCall) => void): Omit<FileSystem, 'reached'> {
  const names = Object.keys(inner).filter((name): name is FileCall => name !== 'reached');
  const wrapped = names.map((name) => {
    const call = inner[name] as (...args: unknown[]) => unknown;
    const direct = (...args: unknown[]): unknown => {
      before(name);
      return call(...args);
    };
    const later = async (...args: unknown[]): Promise<unknown> => direct(...args);
    return [name, name.endsWith('Async') ? later : direct];
  });
  return Object.fromEntries(wrapped) as Omit<FileSystem, 'reached'>;
}
