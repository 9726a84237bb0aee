import { formatReference, type OpEvent, parsePlatform, readAll } from '@gantry/oci';
import { type ArtifactFacts, inspectArtifact } from '../app/artifact-facts.ts';
import { openOne } from '../app/open-one.ts';
import type { RegistryFlags } from '../app/registries.ts';
import type { Context } from '../context.ts';
import { formatBytes } from '../output/quantity.ts';
import { tableLines } from '../output/table.ts';

/** Flags of `gantry inspect`. */
export interface InspectOptions extends RegistryFlags {
  readonly platform?: string;
  readonly raw?: boolean;
}

/**
 * `gantry inspect <ref>`. JSON: {reference, digest, mediaType, artifactType, kind, platform, manifest, platforms, size,
 * layers, annotations, warnings}; with `--raw` the bytes of the manifest instead.
 */
export async function inspect(context: Context, [text]: readonly [string], options: InspectOptions): Promise<void> {
  await using opened = await openOne(context, text, options);
  const { repository, reference } = opened;
  const warnings: string[] = [];
  const onEvent = (event: OpEvent): void => {
    if (event.type === 'warning') warnings.push(`${event.from}: ${event.message}`);
    context.output.onEvent(event);
  };
  const op = { ...opened.op, onEvent };
  const root = await repository.resolve(reference, op);
  if (options.raw === true) {
    await context.output.bytes(await readAll(repository, root, op));
    return;
  }
  const wanted = options.platform === undefined ? undefined : parsePlatform(options.platform);
  const facts = await inspectArtifact(repository, root, wanted, op);
  const document = {
    reference: formatReference({ ...reference, digest: root.digest }),
    digest: root.digest,
    mediaType: root.mediaType,
    artifactType: facts.artifactType,
    kind: facts.kind,
    platform: facts.platform,
    manifest: facts.manifest,
    platforms: facts.platforms,
    size: root.size,
    layers: facts.layers,
    annotations: facts.annotations,
    warnings,
  };
  await context.output.result(document, inspectLines(document.reference, facts));
}

function inspectLines(reference: string, facts: ArtifactFacts): string[] {
  const head = [
    ['reference', reference],
    ['digest', facts.root.digest],
    ['media type', facts.root.mediaType],
    ['artifact type', facts.artifactType ?? '-'],
    ['kind', facts.kind ?? 'only the bytes can tell'],
    ['platform', facts.platform ?? '-'],
    ...(facts.platforms.length > 0 ? [['manifest', facts.manifest ?? '-']] : []),
    ...(facts.platforms.length > 0 ? [['platforms', facts.platforms.join(', ')]] : []),
    ...facts.layers.map((layer) => [
      'layer',
      `${layer.digest} ${formatBytes(layer.size)} ${layer.title ?? layer.mediaType}`,
    ]),
    ...Object.entries(facts.annotations).map(([key, value]) => ['annotation', `${key}=${value}`]),
  ];
  return tableLines(head);
}
