import { tagDigests } from '@gantry/core';
import type { Digest } from '@gantry/oci';
import { throwFailures } from '../app/failures.ts';
import { type AcquireFlags, openGantryFor } from '../app/open-gantry.ts';
import { openPlugins } from '../app/plugins.ts';
import { trackedPlugins } from '../app/tracked-plugins.ts';
import type { Context } from '../context.ts';
import { shortDigest } from '../output/quantity.ts';
import { tableLines } from '../output/table.ts';

/** Flags of `gantry outdated`. */
export interface OutdatedFlags extends AcquireFlags {
  readonly exitCode?: boolean;
}

/** With `--exit-code`: something newer is there. */
const OUTDATED = 10;

/** A plugin whose tag stands for something else than what is installed, or locked when it is not installed. */
interface OutdatedPlugin {
  readonly name: string;
  /** With the tag, without a digest. */
  readonly reference: string;
  readonly installed: Digest;
  readonly available: Digest;
}

/**
 * `gantry outdated`: plugins of gantry.yaml and installed ones whose tag has moved. What has no tag is never outdated.
 * JSON: {plugins: [{name, reference, installed, available}]}. A registry that cannot be asked is a failure, and does not
 * hide the others.
 */
export async function outdated(context: Context, _args: readonly [], flags: OutdatedFlags): Promise<void> {
  const { root, settings } = await openPlugins(context, flags);
  const tracked = await trackedPlugins(settings, root, flags);
  const asked = tracked.plugins.flatMap(({ name, request, receipt, locked }) => {
    const installed = receipt?.digest ?? locked?.digest;
    return installed === undefined ? [] : [{ name, request, installed }];
  });
  const requests = asked.map(({ request }) => request);
  await using gantry = openGantryFor(
    context,
    settings,
    flags,
    requests.map(({ source }) => source),
  );
  const digests = await tagDigests(gantry, requests, settings.op);
  const failures = [...tracked.failures];
  const plugins: OutdatedPlugin[] = [];
  for (const [index, { name, request, installed }] of asked.entries()) {
    const answer = digests[index];
    if (answer !== undefined && 'error' in answer) failures.push(answer.error);
    else if (answer?.digest !== undefined && answer.digest !== installed) {
      plugins.push({ name, reference: request.source.replace(/^oci:\/\//, ''), installed, available: answer.digest });
    }
  }
  const rows = plugins.map((plugin) => [
    plugin.name,
    shortDigest(plugin.installed),
    shortDigest(plugin.available),
    plugin.reference,
  ]);
  const lines = rows.length === 0 ? [] : tableLines([['NAME', 'INSTALLED', 'AVAILABLE', 'REFERENCE'], ...rows]);
  await context.output.result({ plugins }, lines);
  if (rows.length === 0 && failures.length === 0) context.output.note('nothing is outdated');
  if (flags.exitCode === true && plugins.length > 0) context.output.answer(OUTDATED);
  throwFailures(failures);
}
