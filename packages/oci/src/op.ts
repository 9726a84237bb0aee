import type { Descriptor } from './descriptor.ts';

/**
 * What accompanies an operation: the last parameter of every asynchronous call.
 * Cancellation through {@link Op.signal} surfaces as the signal's own reason, an `AbortError` by default.
 */
export interface Op {
  readonly signal?: AbortSignal;
  /** Overrides of limits by name, over all packages. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Receives events. It must not throw and must not keep the event's descriptor alive. */
  readonly onEvent?: (event: OpEvent) => void;
}

/** What an operation reports while it runs. URLs have no query and no userinfo; remote text is escaped and capped. */
export type OpEvent = RequestEvent | ProgressEvent | WarningEvent | RetryEvent | StageEvent | LogEvent;

/** One HTTP exchange ended: with an answer whose body was read or dropped, or with an error. */
export interface RequestEvent {
  readonly type: 'request';
  readonly method: string;
  /** Scheme, host and path. */
  readonly url: string;
  /** Absent when no answer came. */
  readonly status?: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly durationMs: number;
}

/** Bytes of one descriptor moved. */
export interface ProgressEvent {
  readonly type: 'progress';
  readonly action: 'fetch' | 'push' | 'extract';
  readonly descriptor: Descriptor;
  readonly done: number;
  readonly total: number;
}

/** Something to tell the user once: a registry's `Warning: 299`, a lying header, a remaining race. */
export interface WarningEvent {
  readonly type: 'warning';
  /** Where it comes from: an origin, a file or a reference. */
  readonly from: string;
  readonly message: string;
}

/** An attempt failed and will be repeated. */
export interface RetryEvent {
  readonly type: 'retry';
  readonly url: string;
  readonly attempt: number;
  readonly waitMs: number;
  readonly reason: string;
}

/** A stage of the road a plugin travels ended. */
export interface StageEvent {
  readonly type: 'stage';
  readonly stage: 'resolve' | 'verify' | 'fetch' | 'install' | 'load' | 'call';
  readonly subject: string;
  readonly digest?: string;
  readonly durationMs: number;
}

/** A plugin logged a line: on the stderr of its process, or through the log functions of a Wasm host. */
export interface LogEvent {
  readonly type: 'log';
  /** The name the plugin is installed under. */
  readonly plugin: string;
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
}
