import { verdictDocument } from '../app/plugin-documents.ts';
import { openPlugins, type RootFlags } from '../app/plugins.ts';
import type { Context } from '../context.ts';
import { tableLines } from '../output/table.ts';

/** `gantry why <name>`. JSON: {name, reference, digest, policy: {source, clause}, verdict, receipt, installedAt}. */
export async function why(context: Context, [name]: readonly [string], flags: RootFlags): Promise<void> {
  const { root, op } = await openPlugins(context, flags);
  const { facts, receipt, receiptFile } = await root.why(name, op);
  const { verdict } = facts;
  const document = {
    name: facts.name,
    reference: facts.reference,
    digest: facts.digest,
    policy: { source: verdict.policySource, clause: verdict.policy },
    verdict: { ...verdictDocument(verdict), reason: verdict.reason },
    receipt: receiptFile,
    installedAt: receipt.installedAt,
  };
  const lines = tableLines([
    ['name', document.name],
    ['reference', document.reference],
    ['digest', document.digest],
    ['policy', `${verdict.policy}, from ${verdict.policySource}`],
    ['verdict', `${verdict.accepted ? 'accepted' : 'refused'}: ${verdict.reason} (${verdict.signer})`],
    ['receipt', document.receipt],
    ['installed', document.installedAt],
  ]);
  await context.output.result(document, lines);
}
