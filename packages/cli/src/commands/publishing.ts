import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import { keyValue, platformFlag, registryFlags, repeated, runs, verb } from './command-line.ts';

/** The verbs that read and write registries and layouts, and nothing of this machine's plugins. */
export function addPublishing(program: Command, context: Context): void {
  const push = registryFlags(
    verb(program, {
      usage: 'push <ref> [path...]',
      summary: 'publish files as a plugin',
      examples: [
        'gantry push 127.0.0.1:5000/acme/hello:1.0 ./hello.sh',
        'gantry push 127.0.0.1:5000/acme/hello:1.1 --platform linux/amd64=./hello.sh --platform linux/arm64=./hello.sh',
        'gantry push oci-layout:./bundle:1.0 ./hello.sh',
      ],
    }),
  )
    .addOption(
      new Option('--kind <kind>', 'what it is, when the bytes do not say').choices([
        'executable',
        'wasm',
        'node',
        'library',
        'files',
      ]),
    )
    .option('--platform <platform=path>', 'the file for one platform; repeat it for an index', repeated)
    .option('--annotation <key=value>', 'annotation of the manifest; may be repeated', keyValue)
    .option('--sign-key <file>', 'sign it with this private key (PEM) before the tag points at it');
  runs(push, context, async () => (await import('../verbs/on-registries.ts')).push);

  const copy = platformFlag(
    registryFlags(
      verb(program, {
        usage: 'copy <source> <destination>',
        summary: 'copy an artifact between registries and layouts',
        examples: ['gantry copy 127.0.0.1:5000/acme/hello:1.0 oci-layout:./bundle:1.0 --referrers'],
      }),
    ).option('--referrers', 'copy what refers to it as well: signatures, attestations, SBOMs'),
    'of an index only the manifest for os/arch[/variant]; default: the whole index',
  );
  runs(copy, context, async () => (await import('../verbs/on-registries.ts')).copy);

  const tag = registryFlags(
    verb(program, {
      usage: 'tag <ref> <tag>',
      summary: 'give a published artifact one more tag',
      examples: ['gantry tag 127.0.0.1:5000/acme/hello:1.0 stable'],
    }),
  );
  runs(tag, context, async () => (await import('../verbs/on-registries.ts')).tag);

  const tags = registryFlags(
    verb(program, {
      usage: 'tags <repository>',
      summary: 'list the tags of a repository or layout',
      examples: ['gantry tags 127.0.0.1:5000/acme/hello'],
    }),
  );
  runs(tags, context, async () => (await import('../verbs/on-registries.ts')).tags);

  const referrers = registryFlags(
    verb(program, {
      usage: 'referrers <ref>',
      summary: 'list what refers to an artifact',
      examples: ['gantry referrers 127.0.0.1:5000/acme/hello:1.0 --json'],
    }),
  ).option('--artifact-type <type>', 'only referrers of this type');
  runs(referrers, context, async () => (await import('../verbs/on-registries.ts')).referrers);

  const remove = registryFlags(
    verb(program, {
      usage: 'delete <ref>',
      summary: 'delete a tag, or by digest the artifact itself',
      examples: ['gantry delete 127.0.0.1:5000/acme/hello:1.0'],
    }),
  );
  runs(remove, context, async () => (await import('../verbs/on-registries.ts')).deleteReference);

  const inspect = platformFlag(
    registryFlags(
      verb(program, {
        usage: 'inspect <ref>',
        summary: 'show what a reference names',
        examples: [
          'gantry inspect 127.0.0.1:5000/acme/hello:1.0',
          'gantry inspect 127.0.0.1:5000/acme/hello:1.0 --raw',
        ],
      }),
    ).option('--raw', 'print the manifest as it is'),
  );
  runs(inspect, context, async () => (await import('../verbs/on-registries.ts')).inspect);
}
