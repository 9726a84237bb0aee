import { stat } from 'node:fs/promises';
import { Installed } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { assertUnchanged, type FileIdentity, openEntry } from '../entry-file.ts';
import { callTimeout, checkInput } from '../grants.ts';
import { openLifetime } from '../lifetime.ts';
import type { Grants, Plugin, RunRequest, RunResult, Runtime } from '../plugin.ts';
import { runtimeError } from '../runtime-errors.ts';
import { childEnvironment } from './child-environment.ts';
import { assertProgram, PROGRAM_HEADER_BYTES } from './program-header.ts';
import { openRunFiles, type RunFiles } from './run-files.ts';
import { runProcess } from './run-process.ts';

/** What can be granted to a Wasm plugin but not be kept from a process. */
const UNENFORCED = ['hosts', 'paths', 'memory', 'config'] as const;

/**
 * Runs executables: one process per call, without a shell, in a process group of its own and a private temporary
 * directory, with the input on stdin, the output from stdout, stderr as log lines, and a minimal environment.
 * A process has the rights of the user who runs it; README.md says what that means.
 *
 * `load` throws `RUNTIME_ENTRY_INVALID`, `RUNTIME_ENTRY_CHANGED` (the entry is hashed once; before every start its
 * identity is compared) and `RUNTIME_GRANT_INVALID`.
 */
export function openExecutableRuntime(): Runtime {
  return { load };
}

async function load(plugin: Installed, grants: Grants, op?: Op): Promise<Plugin> {
  Installed.assert(plugin);
  const { name } = plugin.facts;
  const unenforced = UNENFORCED.filter((key) => grants[key] !== undefined);
  if (unenforced.length > 0) {
    op?.onEvent?.({
      type: 'warning',
      from: name,
      message: `an executable has all rights of its user: grants of ${unenforced.join(', ')} have no effect on it`,
    });
  }
  const { files, path, identity } = await prepare(plugin, op);
  const lifetime = openLifetime(name, files.release);

  const run = (request: RunRequest, callOp?: Op): Promise<RunResult> =>
    lifetime.during(callOp, async (inner) => {
      const { args = [], input = new Uint8Array(), stdout } = request;
      check(name, request, input.length, inner);
      assertUnchanged(name, path, identity, await stat(path, { bigint: true }));
      const environment = childEnvironment(grants.env, files.directory, process.env);
      const timeout = callTimeout(grants, inner);
      const { directory, stdio } = files;
      return runProcess({ name, file: path, args, environment, directory, stdio, input, timeout, sink: stdout }, inner);
    });

  return {
    exports: [],
    run,
    // Every call is a new process: there is nothing to forget.
    reset() {},
    async call(_name, input, callOp) {
      const { output, failure } = await run({ input }, callOp);
      if (failure !== undefined) throw failure;
      return output;
    },
    [Symbol.asyncDispose]: lifetime.dispose,
  };
}

/** Checks the entry and takes what the plugin needs for as long as it is loaded; on failure nothing is kept. */
async function prepare(
  plugin: Installed,
  op: Op | undefined,
): Promise<{ files: RunFiles; path: string; identity: FileIdentity }> {
  const files = await openRunFiles(plugin);
  try {
    await using entry = await openEntry(plugin);
    let head = new Uint8Array();
    await entry.verify((chunk, position) => {
      if (position === 0) head = Uint8Array.from(chunk.subarray(0, PROGRAM_HEADER_BYTES));
    }, op);
    assertProgram(plugin.facts.name, head);
    return { files, path: entry.path, identity: entry.identity };
  } catch (error) {
    await files.release();
    throw error;
  }
}

function check(name: string, request: RunRequest, inputBytes: number, op: Op | undefined): void {
  if (request.name !== undefined) {
    throw runtimeError('RUNTIME_REQUEST_INVALID', `${name} is an executable and has no function ${request.name}`, {
      hint: 'it takes arguments, which follow -- on the command line; functions are what a Wasm plugin exports',
    });
  }
  if (request.args?.some((argument) => argument.includes('\0'))) {
    throw runtimeError('RUNTIME_REQUEST_INVALID', `${name}: an argument holds a NUL character`);
  }
  checkInput(name, inputBytes, op);
}
