import { Installed } from '@gantry/core';
import type { Op } from '@gantry/oci';
import type { Grants, Plugin } from './plugin.ts';
import { runtimeError } from './runtime-errors.ts';

/**
 * Loads an installed plugin with the runtime of its kind; only that runtime is imported.
 * Throws `POLICY_NOT_VERIFIED` for anything but an {@link Installed}, `RUNTIME_KIND_UNSUPPORTED` for a kind that
 * cannot run yet, and what the runtime's `load` throws.
 */
export async function loadPlugin(plugin: Installed, grants: Grants, op?: Op): Promise<Plugin> {
  Installed.assert(plugin);
  const { kind, name } = plugin.facts;
  switch (kind) {
    case 'executable': {
      const { openExecutableRuntime } = await import('./executable/executable-runtime.ts');
      return openExecutableRuntime().load(plugin, grants, op);
    }
    case 'wasm': {
      const { openWasmRuntime } = await import('./wasm/wasm-runtime.ts');
      return openWasmRuntime().load(plugin, grants, op);
    }
    default:
      throw runtimeError('RUNTIME_KIND_UNSUPPORTED', `${name} is a plugin of the kind ${kind}, which cannot be run`, {
        details: { kind },
      });
  }
}
