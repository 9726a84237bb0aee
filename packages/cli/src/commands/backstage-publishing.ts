import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { configFlags, connectionFlags, keyValue, platformFlag, registryFlags, runs, verb } from './command-line.ts';

/** The verbs of Developer Hub for those who publish plugins and keep configurations. */
export function addBackstagePublishing(backstage: Command, context: Context): void {
  const pack = platformFlag(
    registryFlags(
      verb(backstage, {
        usage: 'package [dir...]',
        summary: 'publish exported dynamic plugins, one or many, in an image',
        detail:
          'Each directory is what `rhdh-cli plugin export` wrote, or the directory that has it as dist-dynamic. Layout and ' +
          'annotation are those of rhdh-cli; an example of dynamic-plugins.yaml is printed. A plugin that cannot be ' +
          'packed fails the whole.',
        examples: [
          'gantry backstage package ./local-plugins/example --tag 127.0.0.1:5000/acme/greeting:1.0',
          'gantry backstage package --catalog-index ./catalog-index --tag 127.0.0.1:5000/acme/plugin-index:1.0',
        ],
      }),
    )
      .requiredOption('--tag <ref>', 'where the image goes: a registry, or oci-layout:DIR:TAG')
      .option('--catalog-index <dir>', 'publish a catalog index instead: what the directory holds'),
    'platform that the image says it is for; default: linux/amd64',
  )
    .option('--annotation <key=value>', 'annotation of the manifest; may be repeated', keyValue)
    .option('--label <key=value>', 'label of the image; may be repeated', keyValue)
    .option('--sign-key <file>', 'sign it with this private key (PEM) before the tag points at it');
  runs(pack, context, async () => (await import('../verbs/backstage-package.ts')).backstagePackage);

  const pin = configFlags(
    verb(backstage, {
      usage: 'pin [file]',
      summary: 'turn tags into digests and add integrity in dynamic-plugins.yaml, or in a file that it includes',
      detail:
        'Prints what would change. Comments, order and quotes stay. Packages that are switched off are left alone.',
      examples: ['gantry backstage pin', 'gantry backstage pin dynamic-plugins.yaml --write'],
    }),
  ).option('--write', 'change the file');
  runs(pin, context, async () => (await import('../verbs/backstage-pin.ts')).backstagePin);

  const integrity = configFlags(
    verb(backstage, {
      usage: 'integrity <package>',
      summary: 'print the integrity of a tarball or an npm package',
      detail: 'A package is an https URL of a .tgz, a local .tgz, or name@version of the registry in .npmrc.',
      examples: ['gantry backstage integrity ./hello-1.0.0.tgz'],
    }),
  );
  runs(integrity, context, async () => (await import('../verbs/backstage-integrity.ts')).backstageIntegrity);

  const mirror = connectionFlags(
    verb(backstage, {
      usage: 'mirror [registry]',
      summary: 'carry everything that dynamic-plugins.yaml in the working directory needs through an air gap',
      detail:
        'First with --to-dir, where the world can be reached: images with their signatures, those of CATALOG_INDEX_IMAGE and ' +
        'EXTRA_CATALOG_INDEX_IMAGES too, npm packages and tarballs; what is switched off is left out. Then with --from-dir and a registry, as ' +
        'host[:port][/prefix], behind the gap. Both go on where an earlier run ended.',
      examples: [
        'gantry backstage mirror --to-dir ./mirror',
        'gantry backstage mirror --from-dir ./mirror 127.0.0.1:5000/hub',
      ],
    }),
  )
    .option('--to-dir <dir>', 'fetch everything into this directory, an OCI layout')
    .option('--from-dir <dir>', 'push what is in this directory to the registry')
    .option('--registries-conf <file>', 'where the registries.conf for installers goes', 'registries.conf');
  runs(mirror, context, async () => (await import('../verbs/backstage-mirror.ts')).backstageMirror);
}
