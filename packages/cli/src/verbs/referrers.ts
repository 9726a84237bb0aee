import { openOne } from '../app/open-one.ts';
import type { RegistryFlags } from '../app/registries.ts';
import type { Context } from '../context.ts';
import { formatBytes } from '../output/quantity.ts';
import { tableLines } from '../output/table.ts';

/** Flags of `gantry referrers`. */
export interface ReferrersOptions extends RegistryFlags {
  readonly artifactType?: string;
}

/** `gantry referrers <ref>`. JSON: {subject, via, complete, referrers: [{digest, mediaType, artifactType, size, annotations}]}. */
export async function referrers(context: Context, [text]: readonly [string], options: ReferrersOptions): Promise<void> {
  await using opened = await openOne(context, text, options);
  const { repository, reference, op } = opened;
  const subject = await repository.resolve(reference, op);
  const found = await repository.referrers(subject, options.artifactType, op);
  const listed = found.descriptors.map((entry) => ({
    digest: entry.digest,
    mediaType: entry.mediaType,
    artifactType: entry.artifactType ?? null,
    size: entry.size,
    annotations: entry.annotations ?? {},
  }));
  const rows = listed.map((entry) => [entry.digest, formatBytes(entry.size), entry.artifactType ?? entry.mediaType]);
  if (!found.complete) context.output.note('the list may be incomplete: the registry did not give all of it');
  await context.output.result(
    { subject: subject.digest, via: found.via, complete: found.complete, referrers: listed },
    rows.length === 0 ? [] : tableLines([['DIGEST', 'SIZE', 'TYPE'], ...rows]),
  );
}
