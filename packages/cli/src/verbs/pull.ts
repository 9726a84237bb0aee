import { resolve } from 'node:path';
import { writeArtifact } from '@gantry/core';
import { formatPlatform } from '@gantry/oci';
import { type AcquireFlags, openGantryFor, requestFor } from '../app/open-gantry.ts';
import { pullLayout } from '../app/pull-layout.ts';
import { readSettings } from '../app/settings.ts';
import type { Context } from '../context.ts';

/** Flags of `gantry pull`. */
export interface PullOptions extends AcquireFlags {
  readonly output: string;
  readonly layout?: boolean;
  readonly force?: boolean;
}

/**
 * `gantry pull <ref>`, under the same policy as `install`. JSON: {reference, digest, kind, platform, directory, files:
 * [{path, size, digest}]}, paths relative to the directory; with `--layout` {reference, digest, layout}.
 */
export async function pull(context: Context, [source]: readonly [string], options: PullOptions): Promise<void> {
  const settings = await readSettings(context, options);
  const directory = resolve(context.io.cwd, options.output);
  const { op } = settings;
  await using gantry = openGantryFor(context, settings, options, [source]);
  const request = requestFor(context, source, options);
  const plugin = await gantry.resolve(request, op);
  const verified = await gantry.verify(plugin, request, op);
  const head = { reference: plugin.reference, digest: plugin.root.digest };
  if (options.layout === true) {
    await pullLayout(context, plugin, directory, options);
    await context.output.result({ ...head, layout: directory }, [`oci-layout:${directory}@${plugin.root.digest}`]);
    return;
  }
  const force = { force: options.force === true };
  const files = await writeArtifact(verified, gantry.store(), directory, force, op);
  const document = {
    ...head,
    kind: plugin.kind ?? null,
    platform: plugin.platform === undefined ? null : formatPlatform(plugin.platform),
    directory,
    files,
  };
  await context.output.result(
    document,
    files.map(({ path }) => path),
  );
}
