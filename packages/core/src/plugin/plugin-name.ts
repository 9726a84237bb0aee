import type { Op } from '@gantry/oci';
import { escapeRemote } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import { coreLimits } from '../core-limits.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
/** Device names that Windows gives no file, whatever the extension. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;

/** Whether a text can be a plugin name: letters, digits, `.`, `_` and `-`, beginning with a letter or digit. */
export function isPluginName(text: string, op?: Op): boolean {
  return (
    text.length <= coreLimits(op, 'pluginNameLength') &&
    NAME.test(text) &&
    !text.endsWith('.') &&
    !text.includes('..') &&
    !RESERVED.test(text)
  );
}

// SAFETY D11: a name becomes a file name, so nothing that is not a plain portable name may pass.
/** Returns the name; throws `INSTALL_NAME_INVALID` when it cannot be one. */
export function checkPluginName(name: string, op?: Op): string {
  if (isPluginName(name, op)) return name;
  throw coreError('INSTALL_NAME_INVALID', `"${escapeRemote(name, 80)}" cannot be a plugin name`, {
    details: { name: escapeRemote(name, 80), limit: coreLimits(op, 'pluginNameLength') },
  });
}
