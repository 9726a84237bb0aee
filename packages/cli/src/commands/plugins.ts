import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { configFlags, consentFlag, platformFlag, registryFlags, rootFlag, runs, verb } from './command-line.ts';

/** The verbs that bring plugins to this machine and run them. */
export function addPlugins(program: Command, context: Context, pluginArguments: readonly string[]): void {
  const pull = consentFlag(
    platformFlag(
      registryFlags(
        verb(program, {
          usage: 'pull <ref>',
          summary: 'write the files of an artifact into a directory',
          examples: ['gantry pull 127.0.0.1:5000/acme/hello:1.0 -o ./out --allow-unsigned'],
        }),
      )
        .option('-o, --output <dir>', 'directory to write into', '.')
        .option('--layout', 'write an OCI layout instead of the files')
        .option('--force', 'overwrite files that have other bytes'),
    ),
  );
  runs(pull, context, async () => (await import('../verbs/on-registries.ts')).pull);

  const run = rootFlag(
    consentFlag(
      platformFlag(
        registryFlags(
          verb(program, {
            usage: 'run <ref|name> [function]',
            summary: 'run a plugin, installing it first when it is not installed',
            examples: [
              'gantry run 127.0.0.1:5000/acme/hello:1.0 --allow-unsigned -- World',
              'gantry run hello --input "some text"',
            ],
          }),
        ).option('--input <text|@file|->', 'input: the text, the bytes of a file, or stdin'),
      ),
    ),
  );
  run.usage('[options] <ref|name> [function] [-- args...]');
  runs(run, context, async () => {
    const verbs = await import('../verbs/on-this-machine.ts');
    return (ctx, args: readonly [string, string | undefined], options: object) =>
      verbs.run(ctx, { target: args[0], functionName: args[1], pluginArguments }, options);
  });

  const install = rootFlag(
    consentFlag(
      platformFlag(
        registryFlags(
          verb(program, {
            usage: 'install [ref...]',
            summary: 'install plugins; without a reference those of gantry.yaml, as gantry.lock holds them',
            examples: ['gantry install 127.0.0.1:5000/acme/hello:1.0 --name greeter --allow-unsigned'],
          }),
        )
          .option('--name <name>', 'name of the plugin; default: the last part of its repository')
          .option('--replace', 'take the name from another plugin that has it')
          .option('--frozen', 'install exactly what gantry.lock holds, without reading a tag or writing it')
          .option('--keep-going', 'activate the good ones when some fail')
          .option('--dry-run', 'resolve and verify, install nothing'),
      ),
    ),
  );
  runs(install, context, async () => (await import('../verbs/on-registries.ts')).install);

  const outdated = rootFlag(
    registryFlags(
      verb(program, {
        usage: 'outdated',
        summary: 'list plugins whose tag has moved since they were installed',
        examples: ['gantry outdated'],
      }),
    ).option('--exit-code', 'exit with 10 when there is something newer'),
  );
  runs(outdated, context, async () => (await import('../verbs/on-registries.ts')).outdated);

  const update = rootFlag(
    consentFlag(
      registryFlags(
        verb(program, {
          usage: 'update [name]',
          summary: 'ask the tags again; install and lock what has moved',
          examples: ['gantry update', 'gantry update hello'],
        }),
      ).option('--keep-going', 'update the good ones when some fail'),
    ),
  );
  runs(update, context, async () => (await import('../verbs/on-registries.ts')).update);

  const list = rootFlag(
    configFlags(verb(program, { usage: 'list', summary: 'list installed plugins', examples: ['gantry list --json'] })),
  );
  runs(list, context, async () => (await import('../verbs/on-this-machine.ts')).list);

  const remove = rootFlag(
    configFlags(
      verb(program, {
        usage: 'remove <name>',
        summary: 'remove an installed plugin',
        examples: ['gantry remove hello'],
      }),
    ),
  );
  runs(remove, context, async () => (await import('../verbs/on-this-machine.ts')).remove);

  const why = rootFlag(
    configFlags(
      verb(program, {
        usage: 'why <name>',
        summary: 'say where an installed plugin came from and why it was accepted',
        examples: ['gantry why hello'],
      }),
    ),
  );
  runs(why, context, async () => (await import('../verbs/on-this-machine.ts')).why);
}
