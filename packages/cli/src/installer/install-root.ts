import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  failureLines,
  type InstallOutcome,
  type InstallReport,
  installDynamicPlugins,
  writeTerminationMessage,
} from '@gantry/backstage';
import { isGantryError } from '@gantry/oci';
import { environmentOf } from '../app/environment.ts';
import { readSettings } from '../app/settings.ts';
import { exitCodeOf } from '../exit-code.ts';
import { Interrupted } from '../interrupted.ts';
import type { Io } from '../io.ts';
import { failureFacts } from '../output/failure.ts';
import { jsonLine } from '../output/json.ts';
import type { OutputFlags } from '../output/output.ts';
import { closingLine } from './closing-line.ts';
import { type InstallLog, openInstallLog, plain } from './install-log.ts';

/** Flags of `install-dynamic-plugins` and `gantry backstage install`. */
export interface InstallFlags extends OutputFlags {
  /** A file that gets the report. */
  readonly report?: string;
  readonly dryRun?: boolean;
  readonly config?: string;
}

/**
 * Installs what dynamic-plugins.yaml in the working directory asks for into a root, and says what happened: log lines,
 * document, report file, termination message. Resolves to the exit code of the original: 0, 1 for any failure, or 128 and
 * the number of the signal that interrupted it. Never rejects.
 */
export async function installRoot(
  root: string,
  flags: InstallFlags,
  io: Io,
  beforeFetching?: () => void,
): Promise<number> {
  const log = openInstallLog(io, flags);
  const outcome = await install(root, flags, io, log, beforeFetching);
  const { report, failure } = outcome;
  const failed = report.plugins.some(({ state }) => state === 'failed');
  const exitCode = io.signal.aborted ? exitCodeOf(io.signal.reason) : failed || failure !== undefined ? 1 : 0;
  const lines = [...failureLines(report), ...(failure === undefined ? [] : abortLines(failure))];
  for (const line of lines) log.error(line);
  if (lines.length > 0) writeTerminationMessage(`${plain(lines.join('\n')).trim()}\n`, io.env);
  const written = document(report, exitCode, flags, io, log);
  if (failure === undefined) log.line(closingLine(report));
  log.close();
  return exitCode === 0 && !written ? 1 : exitCode;
}

async function install(
  root: string,
  flags: InstallFlags,
  io: Io,
  log: InstallLog,
  beforeFetching?: () => void,
): Promise<InstallOutcome> {
  const environment = environmentOf(io);
  try {
    const named = { signal: io.signal, onEvent: log.onEvent };
    const { configuration, op } = await readSettings({ io, op: named }, flags);
    const { policy, backstage, registries } = configuration;
    const options = {
      root,
      directory: io.cwd,
      environment,
      policy,
      settings: backstage,
      registries,
      log,
      dryRun: flags.dryRun === true,
      ...(beforeFetching !== undefined && { beforeFetching }),
    };
    return await installDynamicPlugins(options, op);
  } catch (failure) {
    // Only gantry.yaml can be wrong here.
    const nothing = { plugins: [], requests: 0, bytes: 0, seconds: 0, appConfig: null };
    return { report: { root: resolve(io.cwd, root), ...nothing }, failure };
  }
}

/** What ended the run early, as the original says it, with our hint. */
function abortLines(failure: unknown): readonly string[] {
  if (failure instanceof Interrupted) return [`\ninstall-dynamic-plugins interrupted by ${failure.signalName}`];
  const { code, message, hint } = failureFacts(failure);
  const line = `\ninstall-dynamic-plugins failed: ${message}${isGantryError(failure) ? ` (${code})` : ''}`;
  return hint === '' ? [line] : [line, `hint: ${hint}`];
}

/** Prints the document and writes it to the report file; false when the file could not be written. */
function document(report: InstallReport, exitCode: number, flags: InstallFlags, io: Io, log: InstallLog): boolean {
  const text = `${jsonLine({ schemaVersion: 1, ...report, exitCode })}\n`;
  if (flags.json === true) io.stdout.write(text);
  if (flags.report === undefined) return true;
  const file = resolve(io.cwd, flags.report);
  try {
    writeFileSync(file, text);
    return true;
  } catch (error) {
    log.error(`the report cannot be written to ${file} (${error instanceof Error ? error.message : String(error)})`);
    return false;
  }
}
