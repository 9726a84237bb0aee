import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from '../context.ts';

/** A verb before its options are added. */
export interface VerbSpec {
  /** Name and arguments as commander writes them: `push <ref> <path...>`. */
  readonly usage: string;
  readonly summary: string;
  /** What else there is to know, under `--help` only. */
  readonly detail?: string;
  /** Complete command lines that work when pasted. */
  readonly examples: readonly string[];
}

/** Adds a verb with the flags that all verbs have, and its examples under `--help`. */
export function verb(parent: Command, spec: VerbSpec): Command {
  const command = parent
    .command(spec.usage)
    .summary(spec.summary)
    .description(spec.detail === undefined ? spec.summary : `${spec.summary}\n\n${spec.detail}`)
    .option('--json', 'print one JSON document')
    .option('--quiet', 'print results and errors only')
    .option('--verbose', 'print more: every request and step, and where a failure came from');
  return withExamples(command, spec.examples);
}

/** Adds complete command lines to the help of a command, which start with the name the program was called by. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  const name = programOf(command).name();
  const lines = examples.map((line) => `  ${line.replace(/(^|\| )gantry /, `$1${name} `)}`);
  return command.addHelpText('after', `\nExample${lines.length > 1 ? 's' : ''}:\n${lines.join('\n')}`);
}

function programOf(command: Command): Command {
  return command.parent === null ? command : programOf(command.parent);
}

/** What runs a verb: its context, its arguments in order and its options. */
export type Handler<Arguments extends readonly unknown[], Options> = (
  context: Context,
  args: Arguments,
  options: Options,
) => Promise<void>;

/** Connects a verb with the code that runs it; that code is loaded when the verb is. */
export function runs<Arguments extends readonly unknown[], Options>(
  command: Command,
  context: Context,
  load: () => Promise<Handler<Arguments, Options>>,
): void {
  command.action(async () => {
    const handler = await load();
    try {
      await handler(context, command.processedArgs as unknown as Arguments, command.opts() as Options);
    } catch (error) {
      const { explainMistaken } = await import('../app/mistaken-reference.ts');
      throw explainMistaken(error, referencesOf(command), context.io.cwd);
    }
  });
}

const REFERENCE_ARGUMENTS: readonly string[] = ['ref', 'ref|name', 'repository', 'source', 'destination'];

/** The arguments that a verb reads as references. */
function referencesOf(command: Command): string[] {
  return command.registeredArguments.flatMap((argument, index) =>
    REFERENCE_ARGUMENTS.includes(argument.name()) ? [command.processedArgs[index] ?? []].flat().map(String) : [],
  );
}

/** Flags of verbs that read gantry.yaml. */
export function configFlags(command: Command): Command {
  return command.option('--config <file>', 'configuration instead of gantry.yaml');
}

/** Flags of verbs that ask registries. */
export function registryFlags(command: Command): Command {
  return connectionFlags(command).option('--offline', 'open no connection at all');
}

/** Flags about how registries are reached. */
export function connectionFlags(command: Command): Command {
  return configFlags(command)
    .option('--plain-http', 'use HTTP without TLS for the registries named')
    .option('--ca-file <file>', 'certificate authority of the registries named (PEM)');
}

/** Flags of verbs that work on installed plugins. */
export function rootFlag(command: Command): Command {
  return command.option('--root <dir>', 'plugin root instead of the one of this user');
}

/** Flag of verbs that choose from an index. */
export function platformFlag(command: Command, meaning: string = 'os/arch[/variant] instead of this machine'): Command {
  return command.option('--platform <platform>', meaning);
}

/** Flag of verbs that obey the policy. */
export function consentFlag(command: Command): Command {
  return command.option('--allow-unsigned', 'accept a tag without a digest or signature, this time');
}

/** Parser of an option that may be repeated and has the form `key=value`; the last of a key counts. */
export function keyValue(text: string, previous: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('write it as key=value.');
  return { ...previous, [text.slice(0, equals)]: text.slice(equals + 1) };
}

/** As {@link keyValue}, for what is demanded: of two demands about one key none may be forgotten. */
export function distinctKeyValue(
  text: string,
  previous: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const pairs = keyValue(text, undefined);
  const [key = ''] = Object.keys(pairs);
  if (previous !== undefined && Object.hasOwn(previous, key)) throw new InvalidArgumentError(`${key} is there twice.`);
  return { ...previous, ...pairs };
}

/** Parser of an option that may be repeated. */
export function repeated(text: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), text];
}

/** Parser of a TCP port; 0 means any free one. */
export function port(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535.');
  return value;
}
