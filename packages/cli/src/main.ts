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
    else if (error.exitCode !== 0) output.failure(usageError(error, innermost(program, own)));
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
function usageError(error: CommanderError, place: Place): Error {
  const [first = '', suggestion] = error.message.split('\n');
  const help = `${place.name} --help ${place.command.commands.length > 0 ? 'lists the commands' : 'explains it'}`;
  if (error.code === 'commander.help') return cliError('CONFIG_USAGE', 'a command is missing', { hint: help });
  const meant = suggestion?.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1?');
  return cliError('CONFIG_USAGE', first.replace(/^error: /, ''), {
    hint: misplaced(error, place) ?? meant ?? longerFlag(error, place) ?? help,
  });
}

/** The innermost command that the arguments begin with, its full name, and what follows it. */
interface Place {
  readonly command: Command;
  readonly name: string;
  readonly rest: readonly string[];
}

function innermost(program: Command, args: readonly string[]): Place {
  let place: Place = { command: program, name: program.name(), rest: args };
  for (const arg of args) {
    const next = place.command.commands.find((child) => child.name() === arg);
    if (next === undefined) break;
    place = { command: next, name: `${place.name} ${arg}`, rest: place.rest.slice(1) };
  }
  return place;
}

/** The hint for what is right in itself and stands in the wrong place: flags of a verb before it, arguments of a plugin. */
function misplaced(error: CommanderError, { command, name, rest }: Place): string | undefined {
  const [flag = ''] = (rest[0] ?? '').split('=');
  if (error.code === 'commander.unknownOption' && hasFlagBelow(command, flag)) {
    return `flags follow the command they are for: ${name} COMMAND ${flag}`;
  }
  if (name.endsWith(' run') && error.code === 'commander.excessArguments') {
    return `what is for the plugin follows --: ${name} REFERENCE -- ARGUMENTS`;
  }
  return undefined;
}

/** `push --key` means `--sign-key`, which is too far from it for a suggestion by spelling. */
function longerFlag(error: CommanderError, { command }: Place): string | undefined {
  const flag = /unknown option '--([\w-]+)'/.exec(error.message)?.[1];
  const longer = command.options.find(({ long }) => flag !== undefined && long?.endsWith(`-${flag}`) === true);
  return longer && `did you mean ${longer.long}?`;
}

function hasFlagBelow(command: Command, flag: string): boolean {
  return command.commands.some(
    (child) => child.options.some(({ long, short }) => long === flag || short === flag) || hasFlagBelow(child, flag),
  );
}
