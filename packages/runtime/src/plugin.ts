import type { Installed } from '@gantry/core';
import type { GantryError, Op } from '@gantry/oci';

/** Capabilities given to a plugin at run time. What is not granted is not there. */
export interface Grants {
  /**
   * Host names, or `*.example.com` for what is below it, that a Wasm plugin may send HTTP requests to.
   * Nothing keeps a process from the network: with an executable this grant is reported as a warning.
   */
  readonly hosts?: readonly string[];
  /** Names of environment variables that are passed on. Without it a Wasm plugin sees none, an executable only PATH. */
  readonly env?: readonly string[];
  /** Absolute paths of directories that a Wasm plugin may read under the same name, or write with `rw:` in front. */
  readonly paths?: readonly string[];
  /**
   * Bytes of memory of a Wasm plugin, and as many again for what it exchanges with its host; the `pluginMemory` limit
   * where absent. Not less than one page, 64 KiB.
   */
  readonly memory?: number;
  /** Milliseconds for one call; the `pluginTimeout` limit where absent. Loading has the `wasmLoadTime` limit. */
  readonly timeout?: number;
  /** What a Wasm plugin reads with `config_get`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Receives output as it comes. The plugin is not read further before the promise is settled. */
export type OutputSink = (chunk: Uint8Array) => void | Promise<void>;

/** One run of a plugin. */
export interface RunRequest {
  /** The export of a Wasm plugin; without it the only one that takes part in the ABI. Executables have none. */
  readonly name?: string;
  /** Arguments of an executable, passed as they are. Wasm plugins take none. */
  readonly args?: readonly string[];
  /** What the plugin reads; empty where absent. */
  readonly input?: Uint8Array;
  /** Where output goes; without it the output is collected into {@link RunResult.output}. */
  readonly stdout?: OutputSink;
}

/** How a run ended. A plugin that failed is a result as well: its output up to then counts. */
export interface RunResult {
  /** Empty when the request had a sink. */
  readonly output: Uint8Array;
  /** The exit code of a process, or what a Wasm function returned. Absent when there was none. */
  readonly exitCode?: number;
  /** The signal that ended a process, ours included. */
  readonly signal?: string;
  readonly durationMs: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Why it did not succeed: a `RUNTIME_*` error. */
  readonly failure?: GantryError;
}

/** A loaded plugin. Both methods may be used concurrently; disposing ends everything it started. */
export interface Plugin extends AsyncDisposable {
  /** The exports that take part in the ABI, sorted. Empty for executables. */
  readonly exports: readonly string[];
  /**
   * Calls an export of a Wasm plugin, or starts an executable without arguments (which has no names: `name` is unused).
   * Rejects with a `RUNTIME_*` error when the plugin fails, with the signal's reason on cancellation.
   */
  call(name: string, input: Uint8Array, op?: Op): Promise<Uint8Array>;
  /** As {@link call}, but tells how it ended instead of throwing. Still rejects on cancellation and on misuse. */
  run(request: RunRequest, op?: Op): Promise<RunResult>;
  /** Makes later calls begin anew: no memory and no variable of an earlier call is left for them. */
  reset(): void;
}

/** Loads installed plugins of one kind. */
export interface Runtime {
  load(plugin: Installed, grants: Grants, op?: Op): Promise<Plugin>;
}
