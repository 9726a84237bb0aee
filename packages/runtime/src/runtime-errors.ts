import { defineErrors, type ErrorTable } from '@gantry/oci';

/** Codes of this package. */
export type RuntimeErrorCode =
  | 'RUNTIME_KIND_UNSUPPORTED'
  | 'RUNTIME_ENTRY_INVALID'
  | 'RUNTIME_ENTRY_CHANGED'
  | 'RUNTIME_REQUEST_INVALID'
  | 'RUNTIME_GRANT_INVALID'
  | 'RUNTIME_NOT_STARTED'
  | 'RUNTIME_EXIT'
  | 'RUNTIME_SIGNAL'
  | 'RUNTIME_TIMEOUT'
  | 'RUNTIME_INPUT_LIMIT'
  | 'RUNTIME_OUTPUT_LIMIT'
  | 'RUNTIME_LOG_LIMIT'
  | 'RUNTIME_MODULE_INVALID'
  | 'RUNTIME_IMPORT_REFUSED'
  | 'RUNTIME_EXPORT_MISSING'
  | 'RUNTIME_MEMORY'
  | 'RUNTIME_TRAP'
  | 'RUNTIME_PLUGIN_ERROR'
  | 'RUNTIME_NOT_GRANTED'
  | 'RUNTIME_HTTP'
  | 'RUNTIME_CRASHED'
  | 'RUNTIME_CLOSED';

const TELL_AUTHOR = 'this is a fault of the plugin: tell its publisher';

/** Makes the errors of `@gantry/runtime`. */
export const runtimeError: ErrorTable<RuntimeErrorCode> = defineErrors<RuntimeErrorCode>('@gantry/runtime', {
  RUNTIME_KIND_UNSUPPORTED: {
    meaning: 'The plugin is installed, but this version cannot run plugins of its kind.',
    hint: 'use it through the system it was made for, or update Gantry',
  },
  RUNTIME_ENTRY_INVALID: {
    meaning: 'The entry of the installed plugin is missing, is not a regular file or lies outside of its directory.',
    hint: 'install the plugin again',
  },
  RUNTIME_ENTRY_CHANGED: {
    meaning: 'The entry of the installed plugin is not the file that was installed.',
    hint: 'somebody changed the plugin root; install the plugin again',
  },
  RUNTIME_REQUEST_INVALID: {
    meaning: 'The call does not fit the kind of the plugin.',
    hint: 'an executable takes arguments, a Wasm plugin the name of an export',
  },
  RUNTIME_GRANT_INVALID: {
    meaning: 'A grant cannot be given as it is written.',
    hint: 'correct the grant that the message names',
  },
  RUNTIME_NOT_STARTED: {
    meaning: 'The operating system did not start the executable.',
    hint: 'check that it was built for this platform and that its interpreter is installed',
  },
  RUNTIME_EXIT: {
    meaning: 'The plugin ended itself with an exit code other than 0.',
    hint: 'its log lines on stderr may say why',
  },
  RUNTIME_SIGNAL: { meaning: 'A signal ended the plugin.', hint: TELL_AUTHOR },
  RUNTIME_TIMEOUT: {
    meaning: 'The plugin did not answer in time and was ended.',
    hint: 'raise grants.timeout of the plugin if its calls need longer, the wasmLoadTime limit if its start does',
  },
  RUNTIME_INPUT_LIMIT: {
    meaning: 'The input is larger than a plugin accepts.',
    hint: 'raise the pluginInputBytes limit if the input is genuine',
  },
  RUNTIME_OUTPUT_LIMIT: {
    meaning: 'The plugin wrote more output than is accepted and was ended.',
    hint: 'raise the pluginOutputBytes limit if the output is genuine',
  },
  RUNTIME_LOG_LIMIT: {
    meaning: 'The plugin logged more than is accepted and was ended.',
    hint: 'raise the pluginLogBytes limit if the plugin is that talkative',
  },
  RUNTIME_MODULE_INVALID: {
    meaning: 'The file is not a WebAssembly module that can be run here.',
    hint: 'build it as a core module for the Extism ABI, with one 32-bit memory',
  },
  RUNTIME_IMPORT_REFUSED: {
    meaning: 'The module imports something that no plugin gets.',
    hint: 'build it against a current Extism plugin kit, or for WASI preview 1',
  },
  RUNTIME_EXPORT_MISSING: {
    meaning: 'The module has no export of this name that can be called.',
    hint: 'the message lists the exports',
  },
  RUNTIME_MEMORY: {
    meaning: 'The plugin needs more memory than it is granted.',
    hint: 'raise grants.memory of the plugin if it is genuine',
  },
  RUNTIME_TRAP: { meaning: 'The module trapped: it broke a rule of WebAssembly at run time.', hint: TELL_AUTHOR },
  RUNTIME_PLUGIN_ERROR: {
    meaning: 'The plugin reported an error of its own.',
    hint: 'the message is the plugin’s',
  },
  RUNTIME_NOT_GRANTED: {
    meaning: 'The plugin tried to use something that it is not granted.',
    hint: 'add it to the grants of the plugin if it should have it',
  },
  RUNTIME_HTTP: {
    meaning: 'An HTTP request of the plugin failed.',
    hint: 'check that the host can be reached from here',
    retryable: true,
  },
  RUNTIME_CRASHED: {
    meaning: 'The thread that ran the plugin ended unexpectedly.',
    hint: TELL_AUTHOR,
  },
  RUNTIME_CLOSED: { meaning: 'The plugin was disposed.', hint: 'load it again' },
});
