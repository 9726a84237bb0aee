import { formatPlatform, formatReference, isGantryError, type Op } from '@gantry/oci';
import type { Installed } from '../install/installed.ts';
import type { PluginRoot } from '../install/plugin-root.ts';
import type { Receipt } from '../install/receipt.ts';
import type { PackageSpec } from '../plugin/plugin.ts';
import { isPluginName } from '../plugin/plugin-name.ts';
import { parseSource } from '../source/source-text.ts';

/** What is asked for: a source, perhaps with the name it is to have. */
interface Asked extends PackageSpec {
  readonly name?: string;
}

/**
 * The installed plugin that a request means: by its name, or because exactly this source was installed. Undefined when it
 * has to be installed: also when it is damaged, or when the policy of today refuses what the receipt holds.
 */
export async function installedAlready(root: PluginRoot, asked: Asked, op?: Op): Promise<Installed | undefined> {
  const isName = isPluginName(asked.source, op) && (await root.receipt(asked.source, op)) !== undefined;
  if (isName) return root.get(asked.source, op);
  const source = unchangingSource(asked, op);
  if (source === undefined) return undefined;
  const fits = (receipt: Receipt | undefined): boolean =>
    receipt?.source === source &&
    (asked.name === undefined || asked.name === receipt.name) &&
    (asked.lockedDigest === undefined || asked.lockedDigest === receipt.digest) &&
    (asked.kind === undefined || asked.kind === receipt.kind) &&
    (asked.platform === undefined || formatPlatform(asked.platform) === platformOf(receipt));
  for (const row of await root.list(op)) {
    if (row.facts === undefined || !fits(await root.receipt(row.name, op))) continue;
    return getUnlessStale(root, row.name, op);
  }
  return undefined;
}

/**
 * The normalised source, where asking the same again means the same. Local things are the user's own and change under
 * their name; of a URL with a query only a part is recorded.
 */
function unchangingSource(asked: PackageSpec, op?: Op): string | undefined {
  const named = parseSource(asked, op);
  if (named.type === 'path') return undefined;
  if (named.type === 'reference') {
    return named.reference.kind === 'layout' ? undefined : formatReference(named.reference);
  }
  return named.url.search === '' && asked.integrity === undefined ? named.url.href : undefined;
}

function platformOf(receipt: Receipt): string | undefined {
  return receipt.platform === undefined ? undefined : formatPlatform(receipt.platform);
}

async function getUnlessStale(root: PluginRoot, name: string, op?: Op): Promise<Installed | undefined> {
  try {
    return await root.get(name, op);
  } catch (error) {
    if (isGantryError(error) && /^(?:INSTALL_DAMAGED$|POLICY_|SIGNATURE_)/.test(error.code)) return undefined;
    throw error;
  }
}
