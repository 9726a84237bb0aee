import type { Digest, Op, Platform } from '@gantry/oci';
import type { PluginKind } from '../plugin/plugin.ts';
import type { Verdict } from '../trust/verdict.ts';
import { VerifiedPlugin } from '../trust/verified-plugin.ts';
import { chooseName } from './choose-name.ts';
import { readReceipt } from './pointers.ts';
import type { InstallOptions } from './prepare.ts';
import type { RootContext } from './root-context.ts';

/** What installing a verified plugin would do. */
export interface Plan {
  readonly name: string;
  readonly reference: string;
  readonly digest: Digest;
  /** Undefined when only the bytes can tell, which were not fetched. */
  readonly kind: PluginKind | undefined;
  readonly platform: Platform | undefined;
  readonly verdict: Verdict;
  /** Bytes of all layers, as they are transferred. */
  readonly size: number;
  /** `update`: another version of the same repository is installed; `replace`: another repository has the name. */
  readonly action: 'install' | 'update' | 'replace' | 'unchanged';
}

/** Looks what an installation would do; writes and fetches nothing. Throws what the installation would by then. */
export function planInstall(context: RootContext, verified: VerifiedPlugin, options: InstallOptions, op?: Op): Plan {
  VerifiedPlugin.assert(verified);
  const { plugin, verdict } = verified;
  const name = chooseName(context, plugin, options, op);
  const before = readReceipt(context, name, op);
  const same = before?.digest === plugin.root.digest && before.manifest === plugin.manifest.digest;
  const action = before?.scopeName === plugin.scopeName ? (same ? 'unchanged' : 'update') : 'replace';
  return {
    name,
    reference: plugin.reference,
    digest: plugin.root.digest,
    kind: plugin.kind,
    platform: plugin.platform,
    verdict,
    size: plugin.layers.reduce((sum, layer) => sum + layer.size, 0),
    action: before === undefined ? 'install' : action,
  };
}
