import { resolve } from 'node:path';
import { loadPublishing, type PublishedImage, type PublishedPlugins } from '@gantry/backstage';
import { formatPlatform, formatReference, parsePlatform } from '@gantry/oci';
import { layerFacts } from '../app/artifact-facts.ts';
import { hubLog } from '../app/hub-options.ts';
import { openOne } from '../app/open-one.ts';
import { signingOf, taggedReference } from '../app/publish-destination.ts';
import { publishedDocument } from '../app/published.ts';
import type { RegistryFlags } from '../app/registries.ts';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';

/** Flags of `gantry backstage package`. */
export interface PackageOptions extends RegistryFlags {
  readonly tag: string;
  readonly catalogIndex?: string;
  readonly platform?: string;
  readonly annotation?: Readonly<Record<string, string>>;
  readonly label?: Readonly<Record<string, string>>;
  readonly signKey?: string;
}

/**
 * `gantry backstage package <dir>... --tag <ref>`. JSON: as push, with plugins: [{name, version, directory, package}] and
 * example, the text of a dynamic-plugins.yaml; of a catalog index neither.
 */
export async function backstagePackage(
  context: Context,
  [paths]: readonly [readonly string[]],
  options: PackageOptions,
): Promise<void> {
  const { io, output } = context;
  const { catalogIndex } = options;
  if (paths.length > 0 === (catalogIndex !== undefined)) {
    throw cliError('CONFIG_USAGE', 'package wants the directories of exported plugins, or --catalog-index DIR', {
      hint: 'rhdh-cli plugin export writes dist-dynamic: name that',
    });
  }
  await using opened = await openOne(context, options.tag, options, { create: true });
  const { op, repository } = opened;
  const destination = taggedReference(opened.reference);
  // Before anything is sent: a wrong password leaves nothing behind.
  const signing = await signingOf(context, options.signKey, op);
  const request = {
    ...(options.platform !== undefined && { platform: parsePlatform(options.platform) }),
    ...(options.annotation !== undefined && { annotations: options.annotation }),
    ...(options.label !== undefined && { labels: options.label }),
    ...(signing === undefined && { tag: destination.tag }),
  };
  const publishing = await loadPublishing();
  const published: PublishedImage & Partial<Pick<PublishedPlugins, 'plugins'>> =
    catalogIndex === undefined
      ? await publishing.publishPlugins(
          repository,
          { ...request, directories: paths.map((path) => resolve(io.cwd, path)) },
          op,
        )
      : await publishing.publishCatalogIndex(
          repository,
          { ...request, directory: resolve(io.cwd, catalogIndex), log: hubLog(output) },
          op,
        );
  const signatures = await signing?.(repository, published.root, destination.tag);
  const { plugins } = published;
  const document = publishedDocument(destination, published.root, {
    kind: plugins === undefined ? 'files' : 'node',
    platforms: [formatPlatform(published.platform)],
    layers: published.layers.map(layerFacts),
  });
  // Only a registry can be named in dynamic-plugins.yaml.
  const image = destination.kind === 'registry' ? formatReference(destination) : undefined;
  const { tag: _, ...untagged } = destination;
  const pinned = formatReference({ ...untagged, digest: published.root.digest });
  const example =
    plugins === undefined || image === undefined
      ? undefined
      : publishing.exampleConfiguration(image, pinned, plugins, op);
  if (example !== undefined) output.note('an example of dynamic-plugins.yaml:');
  for (const line of example?.trimEnd().split('\n') ?? []) output.note(line);
  const listed = plugins?.map(({ name, version, directory }) => ({
    name,
    version,
    directory,
    package: image === undefined ? null : `oci://${image}!${directory}`,
  }));
  await output.result({ ...document, plugins: listed, example, signatures }, [document.reference]);
}
