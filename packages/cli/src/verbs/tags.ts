import { openOne } from '../app/open-one.ts';
import type { RegistryFlags } from '../app/registries.ts';
import type { Context } from '../context.ts';

/** `gantry tags <repository>`. JSON: {repository, tags: sorted}. */
export async function tags(context: Context, [text]: readonly [string], flags: RegistryFlags): Promise<void> {
  await using opened = await openOne(context, text, flags);
  const found: string[] = [];
  for await (const name of opened.repository.tags(opened.op)) found.push(name);
  found.sort();
  await context.output.result({ repository: opened.repository.name, tags: found }, found);
}
