import { type DamagedDocument, listedDocument, type PluginDocument } from '../app/plugin-documents.ts';
import { openPlugins, type RootFlags } from '../app/plugins.ts';
import { verdictAge } from '../app/verdict-age.ts';
import type { Context } from '../context.ts';
import { shortDigest, shortDigests } from '../output/quantity.ts';
import { tableLines } from '../output/table.ts';

/** `gantry list`: every installed plugin with the verdict under the policy of today. JSON: {plugins}. */
export async function list(context: Context, _args: readonly [], flags: RootFlags): Promise<void> {
  const { root, op } = await openPlugins(context, flags);
  const plugins = (await root.list(op)).map(listedDocument);
  const rows = plugins.map((plugin) => listRow(context, plugin));
  const lines = rows.length === 0 ? [] : tableLines([['NAME', 'KIND', 'VERDICT', 'DIGEST', 'REFERENCE'], ...rows]);
  if (rows.length === 0) context.output.note(`no plugin is installed in ${root.directory}`);
  await context.output.result({ plugins }, lines);
}

function listRow({ io }: Context, plugin: PluginDocument | DamagedDocument): string[] {
  if ('error' in plugin) return [plugin.name, '-', 'damaged', '-', plugin.error.message];
  const { accepted, policy, signer } = plugin.verdict;
  // How old a verdict is counts where it rests on something that may have changed.
  const age = policy === 'cosign' ? `, judged ${verdictAge(io, plugin.verdict)}` : '';
  const verdict = accepted ? `${policy} (${shortDigests(signer)}${age})` : `refused (${policy})`;
  return [plugin.name, plugin.kind, verdict, shortDigest(plugin.digest), plugin.reference];
}
