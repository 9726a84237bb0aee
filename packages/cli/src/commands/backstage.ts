import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addBackstagePublishing } from './backstage-publishing.ts';
import { configFlags, runs, verb } from './command-line.ts';

/** The verbs of Developer Hub. Each stands in a file of its own and is loaded when it is called. */
export function addBackstage(program: Command, context: Context): void {
  const backstage = program.command('backstage').description('dynamic plugins of Backstage and Developer Hub');

  const install = configFlags(
    verb(backstage, {
      usage: 'install <root>',
      summary: 'bring a directory of dynamic plugins to what dynamic-plugins.yaml in the working directory asks for',
      detail: 'The same as install-dynamic-plugins: its variables, its log lines, and exit code 1 for any failure.',
      examples: ['gantry backstage install ./dynamic-plugins-root --dry-run'],
    }),
  )
    .option('--dry-run', 'say what would be done, and change nothing')
    .option('--report <file>', 'write the report to a file as well');
  runs(install, context, async () => (await import('../verbs/backstage-install.ts')).backstageInstall);

  const list = verb(backstage, {
    usage: 'list <root>',
    summary: 'list what is installed in a directory of dynamic plugins',
    examples: ['gantry backstage list ./dynamic-plugins-root'],
  });
  runs(list, context, async () => (await import('../verbs/backstage-list.ts')).backstageList);

  const why = verb(backstage, {
    usage: 'why <root> <key>',
    summary: 'say which file and line gave each value of a plugin, or who sets a key of the configuration',
    detail: 'A plugin is named by its package, its image or its directory. Asks no registry.',
    examples: ['gantry backstage why ./dynamic-plugins-root ./local-plugins/example'],
  });
  runs(why, context, async () => (await import('../verbs/backstage-why.ts')).backstageWhy);
  addBackstagePublishing(backstage, context);
}
