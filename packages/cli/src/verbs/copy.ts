import { copyGraph, formatReference, parsePlatform } from '@gantry/oci';
import { describeWhole } from '../app/artifact-facts.ts';
import { publishedDocument } from '../app/published.ts';
import { type RegistryFlags, referenceFrom, registriesOf, repositoryOf, transportFor } from '../app/registries.ts';
import { readSettings } from '../app/settings.ts';
import type { Context } from '../context.ts';

/** Flags of `gantry copy`. */
export interface CopyOptions extends RegistryFlags {
  readonly referrers?: boolean;
  readonly platform?: string;
}

/** `gantry copy <source> <destination>`: between any two of registry and layout. JSON: as push. */
export async function copy(
  context: Context,
  [from, to]: readonly [string, string],
  options: CopyOptions,
): Promise<void> {
  const source = referenceFrom(context, from);
  const named = referenceFrom(context, to);
  const settings = await readSettings(context, options);
  await using transport = transportFor(context, settings, options, registriesOf([source, named]));
  await using sourceRepository = await repositoryOf(source, transport);
  await using target = await repositoryOf(named, transport, { create: true });
  const { op } = settings;
  const root = await sourceRepository.resolve(source, op);
  const tag = named.tag ?? (named.digest === undefined ? source.tag : undefined);
  const copied = await copyGraph(
    sourceRepository,
    target,
    root,
    {
      ...(tag !== undefined && { tag }),
      ...(options.referrers === true && { referrers: true }),
      ...(options.platform !== undefined && { platform: parsePlatform(options.platform) }),
    },
    op,
  );
  const destination = tag === undefined ? named : { ...named, tag };
  const document = publishedDocument(destination, copied, await describeWhole(sourceRepository, copied, op));
  await context.output.result(document, [formatReference({ ...destination, digest: copied.digest })]);
}
