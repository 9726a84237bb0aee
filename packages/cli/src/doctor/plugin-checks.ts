import type { PluginRoot } from '@gantry/core';
import type { Op } from '@gantry/oci';
import { type Check, failed, ok } from './check.ts';

/** Whether every installed plugin is whole, and would start under the policy of today. */
export async function checkPlugins(root: PluginRoot, op: Op): Promise<Check[]> {
  let names: readonly string[];
  try {
    names = (await root.list(op)).map(({ name }) => name);
  } catch (error) {
    op.signal?.throwIfAborted();
    return [failed('plugins', error, root.directory)];
  }
  const findings: Check[] = [];
  for (const name of names) {
    try {
      const { verdict } = (await root.get(name, op)).facts;
      await root.checkFiles(name, op);
      if (verdict.stale) findings.push(staleVerdict(name, verdict.judgedAt));
    } catch (error) {
      op.signal?.throwIfAborted();
      findings.push(named(name, failed('plugins', error)));
    }
  }
  const good = names.length - findings.length;
  return [ok('plugins', `${good} of ${names.length} are whole and would start, in ${root.directory}`), ...findings];
}

/** A short name may stand anywhere in a message by chance, so only the place where it belongs counts. */
function named(name: string, finding: Check): Check {
  const { message } = finding;
  const isNamed = message.startsWith(`${name} (`) || message.startsWith(`${name}: `);
  return isNamed ? finding : { ...finding, message: `${name}: ${message}` };
}

function staleVerdict(name: string, judgedAt: string): Check {
  return {
    check: 'plugins',
    state: 'warning',
    message: `${name}: its verdict of ${judgedAt} rests on a trust root that is out of date`,
    hint: `gantry trust update renews the trust root; gantry install judges ${name} again`,
  };
}
