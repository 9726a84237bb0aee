import { parseArgs } from 'node:util';
import type { Io } from '../io.ts';
import { type InstallFlags, installRoot } from './install-root.ts';

/** In the words of the original. */
const USAGE = 'Usage: install-dynamic-plugins <dynamic-plugins-root>';

const HELP = `Usage: install-dynamic-plugins [install] [options] <dynamic-plugins-root>

Brings a directory of dynamic plugins of Developer Hub to what dynamic-plugins.yaml in the working directory asks for.

Options:
  --dry-run        say what would be done, and change nothing
  --json           print the report as one JSON document, and log lines to stderr
  --report <file>  write the report to a file as well
  --quiet          print errors only
  --verbose        print every request as well
  --config <file>  configuration of Gantry instead of gantry.yaml in the working directory
  -V, --version    print the version
  -h, --help       explain this

Example:
  install-dynamic-plugins /dynamic-plugins-root
`;

const OPTIONS = {
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  verbose: { type: 'boolean' },
  report: { type: 'string' },
  config: { type: 'string' },
  version: { type: 'boolean', short: 'V' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * The command `install-dynamic-plugins` as a function: the same arguments as the original's, in either form. Resolves to the
 * exit code: 0, 1 for any failure, or 128 and the number of a signal. Without commander, whose loading costs as much as all
 * that a warm start does.
 */
export async function installer(args: readonly string[], io: Io, beforeFetching?: () => void): Promise<number> {
  let parsed: { readonly root: string | undefined; readonly flags: InstallFlags };
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (values.help === true || (positionals.length === 1 && positionals[0] === 'help')) return say(io.stdout, HELP, 0);
    if (values.version === true) return say(io.stdout, `${io.version}\n`, 0);
    const [root, ...more] = positionals[0] === 'install' ? positionals.slice(1) : positionals;
    if (more.length > 0) return say(io.stderr, `unexpected argument '${more[0]}'\n${USAGE}\n`, 1);
    const { report, config } = values;
    parsed = {
      root,
      flags: {
        json: values.json === true,
        quiet: values.quiet === true,
        verbose: values.verbose === true,
        dryRun: values['dry-run'] === true,
        ...(report !== undefined && { report }),
        ...(config !== undefined && { config }),
      },
    };
  } catch (error) {
    return say(io.stderr, `${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`, 1);
  }
  // What an unset variable becomes is not the working directory.
  if (parsed.root === undefined || parsed.root === '') return say(io.stderr, `${USAGE}\n`, 1);
  return installRoot(parsed.root, parsed.flags, io, beforeFetching);
}

function say(stream: Io['stdout'], text: string, exitCode: number): number {
  stream.write(text);
  return exitCode;
}
