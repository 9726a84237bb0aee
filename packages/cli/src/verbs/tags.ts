import { formatReference, ociError } from '@gantry/oci';
import { openOne } from '../app/open-one.ts';
import { type RegistryFlags, referenceFrom } from '../app/registries.ts';
import type { Context } from '../context.ts';

/** `gantry tags <repository>`. JSON: {repository, tags: sorted}. Throws `REFERENCE_UNSUPPORTED` for a tag or digest. */
export async function tags(context: Context, [text]: readonly [string], flags: RegistryFlags): Promise<void> {
  const { tag, digest, path, ...repository } = referenceFrom(context, text);
  if ((tag ?? digest ?? path) !== undefined) {
    throw ociError('REFERENCE_UNSUPPORTED', `${text} names one artifact, and tags lists those of a repository`, {
      hint: `gantry tags ${formatReference(repository)}`,
    });
  }
  await using opened = await openOne(context, text, flags);
  const found: string[] = [];
  for await (const name of opened.repository.tags(opened.op)) found.push(name);
  found.sort();
  await context.output.result({ repository: opened.repository.name, tags: found }, found);
}
