import type { Installed } from '@gantry/core';
import type { Op } from '@gantry/oci';

/** Capabilities given to a plugin at run time. What is not granted is not there. */
export interface Grants {
  /** Host names, or `*.example.com`, that a Wasm plugin may send HTTP requests to. */
  readonly hosts?: readonly string[];
  /** Names of environment variables that are passed on. */
  readonly env?: readonly string[];
  /** Paths a plugin may read, or write with `rw:` in front. */
  readonly paths?: readonly string[];
  /** Bytes of memory. */
  readonly memory?: number;
  /** Milliseconds for one call. */
  readonly timeout?: number;
}

/** A loaded plugin. `call` may be used concurrently; disposing ends everything it started. */
export interface Plugin extends AsyncDisposable {
  /** Calls an export of a Wasm plugin, or starts an executable (where `name` is unused and `args` are its arguments). */
  call(name: string, input: Uint8Array, op?: Op): Promise<Uint8Array>;
}

/** Loads installed plugins of one kind. */
export interface Runtime {
  load(plugin: Installed, grants: Grants, op?: Op): Promise<Plugin>;
}
