import type { WasmExport, WasmFacts, WasmImport } from './wasm-binary.ts';
import { I32 } from './wasm-types.ts';

/** Module name of the Extism host functions. */
export const EXTISM = 'extism:host/env';
/** Module name of WASI preview 1. */
export const WASI = 'wasi_snapshot_preview1';

const EXTISM_FUNCTIONS: ReadonlySet<string> = new Set([
  'alloc',
  'config_get',
  'error_get',
  'error_set',
  'free',
  'get_log_level',
  'http_headers',
  'http_request',
  'http_status_code',
  'input_length',
  'input_load_u64',
  'input_load_u8',
  'input_offset',
  'length',
  'length_unsafe',
  'load_u64',
  'load_u8',
  'log_debug',
  'log_error',
  'log_info',
  'log_trace',
  'log_warn',
  'output_set',
  'store_u64',
  'store_u8',
  'var_get',
  'var_set',
]);

const WASI_FUNCTIONS: ReadonlySet<string> = new Set([
  'args_get',
  'args_sizes_get',
  'clock_res_get',
  'clock_time_get',
  'environ_get',
  'environ_sizes_get',
  'fd_advise',
  'fd_allocate',
  'fd_close',
  'fd_datasync',
  'fd_fdstat_get',
  'fd_fdstat_set_flags',
  'fd_fdstat_set_rights',
  'fd_filestat_get',
  'fd_filestat_set_size',
  'fd_filestat_set_times',
  'fd_pread',
  'fd_prestat_dir_name',
  'fd_prestat_get',
  'fd_pwrite',
  'fd_read',
  'fd_readdir',
  'fd_renumber',
  'fd_seek',
  'fd_sync',
  'fd_tell',
  'fd_write',
  'path_create_directory',
  'path_filestat_get',
  'path_filestat_set_times',
  'path_link',
  'path_open',
  'path_readlink',
  'path_remove_directory',
  'path_rename',
  'path_symlink',
  'path_unlink_file',
  'poll_oneoff',
  'proc_exit',
  'proc_raise',
  'random_get',
  'sched_yield',
  'sock_accept',
  'sock_recv',
  'sock_send',
  'sock_shutdown',
]);

/** Exports that prepare a module; they are the host's to call. */
const PREPARATION: ReadonlySet<string> = new Set(['_initialize', '_start', 'hs_init', 'hs_exit', 'abort']);

/** The imports that no plugin gets: anything but the known functions of Extism and WASI preview 1. */
export function refusedImports(facts: WasmFacts): readonly WasmImport[] {
  return facts.imports.filter(({ module, name, kind }) => {
    if (kind !== 'function') return true;
    if (module === EXTISM) return !EXTISM_FUNCTIONS.has(name);
    return module !== WASI || !WASI_FUNCTIONS.has(name);
  });
}

/** Whether a module imports anything of WASI preview 1. */
export function usesWasi(facts: WasmFacts): boolean {
  return facts.imports.some(({ module }) => module === WASI);
}

/**
 * The exports that take part in the Extism ABI, sorted: functions without parameters that return an i32 or nothing,
 * except those that prepare the module and those that compilers reserve with `__`.
 */
export function callableExports(facts: WasmFacts): readonly string[] {
  return facts.exports
    .filter((entry) => isCallable(entry))
    .map(({ name }) => name)
    .sort();
}

function isCallable({ name, kind, signature }: WasmExport): boolean {
  if (kind !== 'function' || signature === undefined || PREPARATION.has(name) || name.startsWith('__')) return false;
  const [first, ...more] = signature.results;
  return signature.parameters.length === 0 && more.length === 0 && (first === undefined || first === I32);
}
