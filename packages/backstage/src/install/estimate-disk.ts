import { lstatSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Policy } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { expectedIntegrity } from '../npm/integrity.ts';
import type { Decision } from './decide-plugin.ts';
import type { Packages } from './open-packages.ts';
import type { DiskEstimate } from './plugin-report.ts';
import { checkPackageTrust } from './trust-rules.ts';

/** How much larger what lies in a gzip layer of JavaScript is, about: manifests say nothing of it. */
const EXPANSION = 3.5;

/** What an estimate is made with. */
export interface EstimateContext {
  /** Where relative directories start. */
  readonly directory: string;
  readonly skipIntegrity: boolean;
  readonly policy: Policy;
  readonly packages: Packages;
}

/**
 * Estimates what installing some plugins would need. Images are asked for their manifests, which tell the size of what is
 * downloaded; what npm packages need is not known before they are here, and counts as nothing.
 */
export async function estimateDisk(
  decisions: readonly Decision[],
  { directory, skipIntegrity, policy, packages }: EstimateContext,
  op?: Op,
): Promise<{ readonly estimate: DiskEstimate; readonly failures: ReadonlyMap<Decision, unknown> }> {
  const layers = new Map<string, number>();
  const failures = new Map<Decision, unknown>();
  let local = 0;
  for (const decision of decisions) {
    const { source } = decision.entry;
    try {
      if (source.type === 'oci') {
        const { plugin } = await (await packages.images(op)).admit(source.image, op);
        for (const { digest, size } of plugin.layers) layers.set(digest, size);
      } else {
        const provenOnly = checkPackageTrust(decision.entry, policy);
        if (source.type === 'npm') expectedIntegrity(decision.entry, skipIntegrity && !provenOnly);
        else local += sizeOf(resolve(directory, source.directory));
      }
    } catch (error) {
      op?.signal?.throwIfAborted();
      failures.set(decision, error);
    }
  }
  const download = [...layers.values()].reduce((sum, size) => sum + size, 0);
  return { estimate: { download, disk: Math.round(download * EXPANSION) + local }, failures };
}

function sizeOf(path: string): number {
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
