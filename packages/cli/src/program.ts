import { Command } from 'commander';
import { addBackstage } from './commands/backstage.ts';
import { withExamples } from './commands/command-line.ts';
import { addHousekeeping } from './commands/housekeeping.ts';
import { addPlugins } from './commands/plugins.ts';
import { addPublishing } from './commands/publishing.ts';
import { addTrust } from './commands/trust.ts';
import type { Context } from './context.ts';

/** From nothing to a plugin that runs. The examples of the verbs go on from here. */
const EXAMPLES: readonly string[] = [
  'gantry registry serve ./registry --port 5000 &',
  `printf '#!/bin/sh\\necho "hello $1"\\n' > hello.sh`,
  'gantry push 127.0.0.1:5000/acme/hello:1.0 ./hello.sh',
  'gantry run 127.0.0.1:5000/acme/hello:1.0 --allow-unsigned -- World',
  'gantry push --help',
];

/**
 * The whole command line. Building it runs nothing and loads no verb. `pluginArguments` is what came after `--`.
 * Parsing throws `CommanderError` for help (exit code 0) and for mistakes.
 */
export function buildProgram(context: Context, pluginArguments: readonly string[]): Command {
  const { io } = context;
  // Under npx there is no gantry on PATH, and what help prints has to work when it is pasted.
  const program = new Command(io.env['npm_command'] === 'exec' ? 'npx gantry' : 'gantry');
  program
    .description('Publishes, verifies, installs and runs plugins that are OCI artifacts.')
    .version(io.version, '--version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand('help [command]', 'explain a command')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => Math.max(60, io.columns),
      getErrHelpWidth: () => Math.max(60, io.columns),
    });
  withExamples(program, EXAMPLES);
  addPublishing(program, context);
  addTrust(program, context);
  addPlugins(program, context, pluginArguments);
  addBackstage(program, context);
  addHousekeeping(program, context);
  return program;
}
