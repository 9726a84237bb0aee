import { verdictDocument } from '../app/plugin-documents.ts';
import { openPlugins, type RootFlags } from '../app/plugins.ts';
import { verdictAge } from '../app/verdict-age.ts';
import { type SignaturesDocument, signaturesDocument, signerRows } from '../app/verdict-documents.ts';
import type { Context } from '../context.ts';
import { shortDigests } from '../output/quantity.ts';
import { tableLines } from '../output/table.ts';

/**
 * `gantry why <name>`. JSON: {name, reference, digest, policy: {source, clause}, verdict: {accepted, policy, signer,
 * judgedAt, stale, reason, signed, policyDigest, trustRootDigest, signers}, receipt, installedAt}.
 */
export async function why(context: Context, [name]: readonly [string], flags: RootFlags): Promise<void> {
  const { root, op } = await openPlugins(context, flags);
  const { facts, receipt, receiptFile } = await root.why(name, op);
  const { verdict } = facts;
  const document = {
    name: facts.name,
    reference: facts.reference,
    digest: facts.digest,
    policy: { source: verdict.policySource, clause: verdict.policy },
    verdict: { ...verdictDocument(verdict), reason: verdict.reason, ...signaturesOf(signaturesDocument(verdict, [])) },
    receipt: receiptFile,
    installedAt: receipt.installedAt,
  };
  const lines = tableLines([
    ['name', document.name],
    ['reference', document.reference],
    ['digest', document.digest],
    ['policy', `${verdict.policy}, from ${verdict.policySource}`],
    ['verdict', `${verdict.accepted ? 'accepted' : 'refused'}: ${shortDigests(verdict.reason)}`],
    ['judged', `${verdict.judgedAt}, ${verdictAge(context.io, verdict)}`],
    ...(document.verdict.signers.length === 0 ? [['signer', verdict.signer]] : []),
    ...(document.verdict.signed === null ? [] : [['signed', document.verdict.signed]]),
    ...document.verdict.signers.flatMap(signerRows),
    ...(document.verdict.trustRootDigest === null ? [] : [['trust root', document.verdict.trustRootDigest]]),
    ['receipt', document.receipt],
    ['installed', document.installedAt],
  ]);
  await context.output.result(document, lines);
}

/** What the verdict says about signatures, beside what the document has already. */
function signaturesOf({
  signed,
  policyDigest,
  trustRootDigest,
  signers,
}: SignaturesDocument): Pick<SignaturesDocument, 'signed' | 'policyDigest' | 'trustRootDigest' | 'signers'> {
  return { signed, policyDigest, trustRootDigest, signers };
}
