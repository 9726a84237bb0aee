import type { MessagePort } from 'node:worker_threads';
import type { RuntimeErrorCode } from '../runtime-errors.ts';
import type { ExchangeAllowance } from './exchange.ts';
import type { WasmModule } from './web-assembly.ts';

/** Levels of log lines. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** An HTTP request as a plugin makes it. */
export interface HttpRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The answer to it; header names in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What a thread needs to make instances of one module. */
export interface LoadMessage {
  readonly type: 'load';
  /** Bytes for the first thread of a plugin, which compiles them; the compiled module for the others. */
  readonly module: Uint8Array<ArrayBuffer> | WasmModule;
  readonly wasi: boolean;
  readonly config: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  /** Directories that may be read, or written. */
  readonly directories: readonly { readonly guest: string; readonly host: string; readonly writable: boolean }[];
  readonly varBytes: number;
  readonly exchange: ExchangeAllowance;
  /** Pages that the module's memory was clamped to. */
  readonly memoryPages: number;
  /** Present when hosts are granted: answers arrive on the port, and the flag wakes the thread. */
  readonly http: { readonly port: MessagePort; readonly flag: SharedArrayBuffer } | undefined;
  readonly call: CallTerms;
}

/** What holds for one call, instantiation included. */
export interface CallTerms {
  readonly logged: boolean;
  readonly logBytes: number;
  readonly logLineBytes: number;
  readonly outputBytes: number;
}

/** One call. An instance of an earlier generation is replaced first. */
export interface CallMessage extends CallTerms {
  readonly type: 'call';
  readonly name: string;
  readonly input: Uint8Array;
  readonly generation: number;
}

/** What a thread is told. */
export type ToThread = LoadMessage | CallMessage;

/** What a thread tells. One of `loaded`, `done` and `failed` answers each message, after any number of the others. */
export type FromThread =
  | { readonly type: 'loaded'; readonly module: WasmModule | undefined }
  | DoneMessage
  | FailedMessage
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string }
  | { readonly type: 'http'; readonly request: HttpRequest };

/** A call returned. The plugin may have set an error all the same. */
export interface DoneMessage {
  readonly type: 'done';
  readonly output: Uint8Array;
  readonly returned: number;
  readonly error: string | undefined;
}

/** A load or a call failed; the instance is gone. */
export interface FailedMessage {
  readonly type: 'failed';
  readonly code: RuntimeErrorCode;
  /** What the plugin did, without its name; text of the plugin in it is not escaped. */
  readonly message: string;
  readonly exitCode?: number;
}

/** What comes back to a thread that waits for HTTP. */
export type HttpReply = { readonly answer: HttpAnswer } | { readonly code: RuntimeErrorCode; readonly message: string };
