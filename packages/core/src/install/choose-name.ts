import { digestOf, type Op } from '@gantry/oci';
import { coreLimits } from '../core-limits.ts';
import type { ResolvedPlugin } from '../plugin/plugin.ts';
import { checkPluginName } from '../plugin/plugin-name.ts';
import { checkNameFree, isNameFree } from './pointers.ts';
import type { InstallOptions } from './prepare.ts';
import type { RootContext } from './root-context.ts';

/** How many hexadecimal digits of the digest of a source tell names apart. */
const HEX_DIGITS = 8;

/**
 * The name that an installation gets: the one that was asked for, else the default one, else with `distinct` one made from
 * it. Throws `INSTALL_NAME_INVALID`, and `INSTALL_NAME_TAKEN` when somebody else has it.
 */
export function chooseName(context: RootContext, plugin: ResolvedPlugin, options: InstallOptions, op?: Op): string {
  const wanted = checkPluginName(options.name ?? plugin.defaultName, op);
  if (options.replace === true) return wanted;
  const mayDiffer = options.name === undefined && options.distinct === true;
  const name =
    mayDiffer && !isNameFree(context, wanted, plugin.scopeName, op)
      ? distinctName(wanted, plugin.scopeName, op)
      : wanted;
  checkNameFree(context, name, plugin.scopeName, op);
  return name;
}

/** Always the same for one repository or path, so that its next version takes the place of this one. */
function distinctName(name: string, scopeName: string, op?: Op): string {
  const digest = digestOf(new TextEncoder().encode(scopeName));
  const suffix = `-${digest.slice(digest.indexOf(':') + 1).slice(0, HEX_DIGITS)}`;
  return checkPluginName(`${name.slice(0, coreLimits(op, 'pluginNameLength') - suffix.length)}${suffix}`, op);
}
