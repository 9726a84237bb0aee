import type { Op } from '@gantry/oci';
import { withoutSecrets } from '../config/config-fault.ts';
import type { DynamicRoot } from '../root/open-root.ts';
import { encodePluginState, type PluginState } from '../root/plugin-state.ts';
import type { Decision } from './decide-plugin.ts';

/** What was found out about images whose entries name no directory. */
type Paths = ReadonlyMap<string, readonly string[]>;

/**
 * Brings the notes about a plugin that stays as it is up to date: the hash that the original would write now, so that it
 * would not install it anew, and what we remember. Writes nothing when there is nothing new.
 */
export async function settleStanding(
  decision: Decision,
  root: DynamicRoot,
  paths: Paths,
  now: number,
  op?: Op,
): Promise<void> {
  const { configHash, standing } = decision;
  if (standing === undefined) return;
  const state = stateOf(decision, paths, now);
  if (standing.configHash === configHash && isSame(standing.state, state)) return;
  const { imageHash } = standing;
  await root.restate(standing.name, { configHash, state, ...(imageHash !== undefined && { imageHash }) }, op);
}

/** What another installer left gets a state of ours, so that the next start need not find it out again. */
function stateOf(decision: Decision, paths: Paths, now: number): PluginState {
  const { entry, record, fingerprint, rules, standing } = decision;
  const image = entry.source.type === 'oci' ? entry.source.image : undefined;
  const known = standing?.state;
  return {
    schemaVersion: 1,
    package: withoutSecrets(entry.package),
    image,
    digest: known?.digest,
    paths: image === undefined ? undefined : (paths.get(image) ?? known?.paths),
    integrity: known?.integrity,
    record,
    fingerprint,
    signer: known?.signer ?? 'unsigned',
    policy: rules,
    installedAt: known?.installedAt ?? new Date(now).toISOString(),
  };
}

function isSame(before: PluginState | undefined, after: PluginState): boolean {
  return before !== undefined && Buffer.compare(encodePluginState(before), encodePluginState(after)) === 0;
}
