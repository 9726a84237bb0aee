import { Command } from 'commander';
import { addHousekeeping } from './commands/housekeeping.ts';
import { addPlugins } from './commands/plugins.ts';
import { addPublishing } from './commands/publishing.ts';
import type { Context } from './context.ts';

/**
 * The whole command line. Building it runs nothing and loads no verb. `pluginArguments` is what came after `--`.
 * Parsing throws `CommanderError` for help (exit code 0) and for mistakes.
 */
export function buildProgram(context: Context, pluginArguments: readonly string[]): Command {
  const { io } = context;
  const program = new Command('gantry');
  program
    .description('Publishes, verifies, installs and runs plugins that are OCI artifacts.')
    .version(io.version, '--version', 'print the version')
    .helpOption('--help', 'explain a command')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => Math.max(60, io.columns),
      getErrHelpWidth: () => Math.max(60, io.columns),
    })
    .addHelpText(
      'after',
      '\nExample:\n  gantry run ghcr.io/acme/hello:1.0 --allow-unsigned\n\ngantry <command> --help explains a command.',
    );
  addPublishing(program, context);
  addPlugins(program, context, pluginArguments);
  addHousekeeping(program, context);
  return program;
}
