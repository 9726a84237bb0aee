import { formatReference } from '@gantry/oci';
import { openOne } from '../app/open-one.ts';
import type { RegistryFlags } from '../app/registries.ts';
import type { Context } from '../context.ts';

/** `gantry tag <ref> <tag>`. JSON: {reference, digest}. */
export async function tag(
  context: Context,
  [text, name]: readonly [string, string],
  flags: RegistryFlags,
): Promise<void> {
  await using opened = await openOne(context, text, flags);
  const descriptor = await opened.repository.resolve(opened.reference, opened.op);
  await opened.repository.tag(descriptor, name, opened.op);
  const { path: _path, ...where } = opened.reference;
  const reference = formatReference({ ...where, tag: name, digest: descriptor.digest });
  await context.output.result({ reference, digest: descriptor.digest }, [reference]);
}
