import { join } from 'node:path';
import { keyWithoutSecrets, shown, withoutSecrets } from '../config/config-fault.ts';
import type { Origin } from '../config/origin.ts';
import type { PluginEntry } from '../config/plugin-entry.ts';
import type { InstalledDirectory } from '../root/open-root.ts';
import type { Installation } from './carry-out.ts';
import type { Decisions } from './decide-all.ts';
import type { Decision } from './decide-plugin.ts';
import { errorFacts, type PluginReport } from './plugin-report.ts';

/** What is known of all plugins when everything was done that could be. */
export interface PluginResults {
  readonly decided: Decisions;
  readonly installations: ReadonlyMap<Decision, Installation>;
  /** Absolute path of the root. */
  readonly root: string;
  /** Nothing was installed: it is said what would become of each. */
  readonly planned: boolean;
}

/** Says of every plugin of the configuration, in its order, what became of it; then of entries that are no plugin yet. */
export function reportPlugins(results: PluginResults): readonly PluginReport[] {
  const { loaded } = results.decided;
  return [
    ...loaded.plugins.map((entry) => ({
      ...named(entry.package, entry.key, entry.origins.get('package')),
      ...fateOf(entry, results),
    })),
    ...loaded.failures.map(({ package: name, origin, error }) => ({
      ...named(name, name, origin),
      ...failed(error, 0),
    })),
  ];
}

/** Says of a directory that nothing declares any more that it was removed. */
export function reportRemoved({ name, imageHash, state }: InstalledDirectory, root: string): PluginReport {
  return {
    package: state?.package ?? name,
    key: state?.package ?? name,
    state: 'removed',
    ...digestOf(imageHash),
    path: join(root, name),
    signer: state?.signer ?? null,
    bytes: 0,
    seconds: 0,
  };
}

function named(name: string, key: string, origin: Origin | undefined): Pick<PluginReport, 'package' | 'key' | 'place'> {
  const place = origin === undefined ? {} : { place: `${shown(origin.file)}:${origin.line}` };
  return { package: withoutSecrets(name), key: keyWithoutSecrets(key, name), ...place };
}

type Fate = Omit<PluginReport, 'package' | 'key' | 'place'>;

function fateOf(entry: PluginEntry, { decided, installations, root, planned }: PluginResults): Fate {
  const nothing = { signer: null, bytes: 0, seconds: 0 };
  if (!entry.enabled) return { state: 'disabled', ...nothing };
  if (decided.missing.has(entry)) return { state: 'skipped', ...nothing };
  const decision = decided.decisions.get(entry);
  if (decision === undefined) return failed(decided.failures.get(entry), 0);
  if (decision.standing !== undefined) {
    const { name, imageHash, state } = decision.standing;
    const integrity = state?.integrity;
    return {
      state: 'unchanged',
      ...digestOf(imageHash),
      ...(integrity !== undefined && { integrity }),
      path: join(root, name),
      signer: state?.signer ?? 'unsigned',
      bytes: 0,
      seconds: 0,
    };
  }
  const installation = installations.get(decision);
  if (installation === undefined && planned) return { state: 'installed', ...nothing };
  // What nobody accounts for was not installed.
  if (installation === undefined) return failed(new TypeError('it was not dealt with'), 0);
  if (!('staged' in installation)) return failed(installation.error, installation.seconds);
  const { name, digest, integrity, signer, bytes } = installation.staged;
  return {
    state: 'installed',
    ...(digest !== undefined && { digest }),
    ...(integrity !== undefined && { integrity }),
    path: join(root, name),
    signer,
    bytes,
    seconds: installation.seconds,
  };
}

function failed(error: unknown, seconds: number): Fate {
  return { state: 'failed', signer: null, error: errorFacts(error), bytes: 0, seconds };
}

/** The originals keep no algorithm beside the hex digits. */
function digestOf(imageHash: string | undefined): { readonly digest?: string } {
  return imageHash === undefined ? {} : { digest: `${imageHash.length === 128 ? 'sha512' : 'sha256'}:${imageHash}` };
}
