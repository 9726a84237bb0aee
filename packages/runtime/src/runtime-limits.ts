import { defineLimits, type LimitTable } from '@gantry/oci';

/** Names of the limits of this package. */
export type RuntimeLimitName =
  | 'pluginTimeout'
  | 'pluginMemory'
  | 'pluginInputBytes'
  | 'pluginOutputBytes'
  | 'pluginLogBytes'
  | 'pluginLogLineBytes'
  | 'pluginDrainTime'
  | 'pluginVarBytes'
  | 'pluginBlocks'
  | 'pluginHttpBytes'
  | 'pluginHttpRedirects'
  | 'wasmBytes'
  | 'wasmLoadTime'
  | 'wasmEntries'
  | 'wasmTableElements'
  | 'wasmThreads'
  | 'wasmHostHeap';

const KiB = 1024;
const MiB = 1024 * KiB;
const second = 1000;

/** The limits of `@gantry/runtime`. */
export const runtimeLimits: LimitTable<RuntimeLimitName> = defineLimits<RuntimeLimitName>('@gantry/runtime', {
  pluginTimeout: {
    value: 300 * second,
    unit: 'milliseconds',
    meaning: 'Time for one call of a plugin, where its grants name none.',
  },
  pluginMemory: { value: 256 * MiB, unit: 'bytes', meaning: 'Memory of a Wasm plugin, where its grants name none.' },
  pluginInputBytes: { value: 64 * MiB, unit: 'bytes', meaning: 'Input of one call.' },
  pluginOutputBytes: { value: 64 * MiB, unit: 'bytes', meaning: 'Output of one call.' },
  pluginLogBytes: { value: 8 * MiB, unit: 'bytes', meaning: 'Log lines, stderr included, of one call.' },
  pluginLogLineBytes: {
    value: 16 * KiB,
    unit: 'bytes',
    meaning: 'A log line that is longer arrives in pieces of this size.',
  },
  pluginDrainTime: {
    value: 2 * second,
    unit: 'milliseconds',
    meaning: 'Time for the pipes of an executable to close after it ended.',
  },
  pluginVarBytes: { value: 1 * MiB, unit: 'bytes', meaning: 'Variables that an instance of a Wasm plugin keeps.' },
  pluginBlocks: { value: 500_000, unit: 'count', meaning: 'Blocks that a Wasm plugin has allocated at its host.' },
  pluginHttpBytes: { value: 16 * MiB, unit: 'bytes', meaning: 'Answer to an HTTP request of a Wasm plugin.' },
  pluginHttpRedirects: { value: 5, unit: 'count', meaning: 'Redirects followed for an HTTP request of a Wasm plugin.' },
  wasmBytes: { value: 128 * MiB, unit: 'bytes', meaning: 'Size of a Wasm module.' },
  wasmLoadTime: { value: 30 * second, unit: 'milliseconds', meaning: 'Time to compile and start a Wasm module.' },
  wasmEntries: {
    value: 1_000_000,
    unit: 'count',
    meaning: 'Types, imports, functions, tables, memories or exports of a Wasm module.',
  },
  wasmTableElements: { value: 100_000, unit: 'count', meaning: 'Elements of all tables of a Wasm module together.' },
  wasmThreads: {
    value: 8,
    unit: 'count',
    meaning: 'Threads of one loaded Wasm plugin; the available processors bound it further.',
  },
  wasmHostHeap: { value: 64 * MiB, unit: 'bytes', meaning: 'JavaScript heap of the thread around a Wasm plugin.' },
});
