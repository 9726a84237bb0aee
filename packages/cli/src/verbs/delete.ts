import { formatReference } from '@gantry/oci';
import { openOne } from '../app/open-one.ts';
import type { RegistryFlags } from '../app/registries.ts';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';

/**
 * `gantry delete <ref>`: with a digest the manifest, with a tag the tag alone. JSON: {reference, digest}; the digest is
 * what the tag pointed at.
 */
export async function deleteReference(
  context: Context,
  [text]: readonly [string],
  flags: RegistryFlags,
): Promise<void> {
  await using opened = await openOne(context, text, flags);
  const { repository, reference, op } = opened;
  if (reference.tag === undefined && reference.digest === undefined) {
    throw cliError('CONFIG_USAGE', `${formatReference(reference)} names a whole repository`, {
      hint: 'name the tag or the digest to delete',
    });
  }
  const descriptor = await repository.resolve(reference, op);
  const byDigest = reference.digest !== undefined || reference.tag === undefined;
  await repository.delete(byDigest ? descriptor : { tag: reference.tag }, op);
  const shown = formatReference(reference);
  await context.output.result({ reference: shown, digest: descriptor.digest }, [`deleted ${shown}`]);
}
