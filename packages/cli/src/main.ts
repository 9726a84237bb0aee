import { type Command, CommanderError } from 'commander';
import { cliError } from './cli-errors.ts';
import type { Context } from './context.ts';
import type { Io } from './io.ts';
import { Output } from './output/output.ts';
import { buildProgram } from './program.ts';

/**
 * The command line as a function: runs `args` (without node and program name) on `io` and resolves to the exit code.
 * It never rejects, never ends the process and reads nothing of it.
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { own, forPlugin } = splitAtDashes(args);
  const flags = { json: own.includes('--json'), quiet: own.includes('--quiet'), verbose: own.includes('--verbose') };
  const output = new Output(io, flags);
  const context: Context = { io, output, op: { signal: io.signal, onEvent: output.onEvent } };
  const program = buildProgram(context, forPlugin);
  try {
    await program.parseAsync([...own], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) output.failure(error);
    else if (error.exitCode !== 0) output.failure(usageError(error, whereHelpIs(program, own)));
  } finally {
    output.close();
  }
  return output.exitCode;
}

/** For `run`, what follows `--` belongs to the plugin and is not parsed; elsewhere it is the usual end of the options. */
function splitAtDashes(args: readonly string[]): { own: readonly string[]; forPlugin: readonly string[] } {
  const dashes = args.indexOf('--');
  if (dashes < 0 || args[0] !== 'run') return { own: args, forPlugin: [] };
  return { own: args.slice(0, dashes), forPlugin: args.slice(dashes + 1) };
}

/** What commander says, as an error of ours; its suggestion becomes the hint. */
function usageError(error: CommanderError, help: string): Error {
  const [first = '', suggestion] = error.message.split('\n');
  if (error.code === 'commander.help') return cliError('CONFIG_USAGE', 'a command is missing', { hint: help });
  const hint = suggestion?.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1?') ?? help;
  return cliError('CONFIG_USAGE', first.replace(/^error: /, ''), { hint });
}

/** Names the help of the innermost command that the arguments begin with. */
function whereHelpIs(program: Command, args: readonly string[]): string {
  let command = program;
  let name = program.name();
  for (const arg of args) {
    const next = command.commands.find((child) => child.name() === arg);
    if (next === undefined) break;
    command = next;
    name += ` ${arg}`;
  }
  return `${name} --help ${command.commands.length > 0 ? 'lists the commands' : 'explains it'}`;
}
