import type { Op, Reference, Repository } from '@gantry/oci';
import type { Context } from '../context.ts';
import { type RegistryFlags, referenceFrom, registriesOf, repositoryOf, transportFor } from './registries.ts';
import { readSettings } from './settings.ts';

/** A reference and the repository it is in, for verbs about one reference. */
export interface Opened extends AsyncDisposable {
  readonly reference: Reference;
  readonly repository: Repository;
  readonly op: Op;
}

/** Opens what `text` names; a layout is made when absent and `create` is set. */
export async function openOne(
  context: Context,
  text: string,
  flags: RegistryFlags,
  options: { readonly create?: boolean } = {},
): Promise<Opened> {
  const reference = referenceFrom(context, text);
  const settings = await readSettings(context, flags);
  const transport = transportFor(context, settings, flags, registriesOf([reference]));
  try {
    const repository = await repositoryOf(reference, transport, options);
    const close = async (): Promise<void> => {
      await repository[Symbol.asyncDispose]();
      await transport[Symbol.asyncDispose]();
    };
    return { reference, repository, op: settings.op, [Symbol.asyncDispose]: close };
  } catch (error) {
    await transport[Symbol.asyncDispose]();
    throw error;
  }
}
