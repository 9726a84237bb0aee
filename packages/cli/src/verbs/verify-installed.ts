import type { ReverifiedPlugin } from '@gantry/core';
import { throwFailures } from '../app/failures.ts';
import { openPlugins, type RootFlags } from '../app/plugins.ts';
import { verdictAge } from '../app/verdict-age.ts';
import { type SignaturesDocument, signaturesDocument } from '../app/verdict-documents.ts';
import type { Context } from '../context.ts';
import { type FailureFacts, failureFacts } from '../output/failure.ts';
import { shortDigest, shortDigests } from '../output/quantity.ts';
import { tableLines } from '../output/table.ts';

/** An installed plugin that was judged again. */
interface ReverifiedDocument extends Partial<SignaturesDocument> {
  readonly name: string;
  readonly reference?: string;
  readonly digest?: string;
  readonly accepted: boolean;
  /** ISO 8601: when the registry was last in reach. */
  readonly judgedAt?: string;
  /** Why it may not start. */
  readonly error?: FailureFacts;
}

/**
 * `gantry verify --installed [NAME]`: judges again what is installed, from the evidence kept with it and without network.
 * JSON: {plugins: [{name, reference, digest, accepted, signed, policy, policyDigest, trustRootDigest, signers, rejected,
 * stale, judgedAt, error?}]}. Fails as the worst of them does.
 */
export async function verifyInstalled(context: Context, name: string | undefined, flags: RootFlags): Promise<void> {
  const { root, op } = await openPlugins(context, flags);
  const rows = await root.reverify(name, op);
  const plugins = rows.map(reverifiedDocument);
  if (rows.length === 0) context.output.note(`no plugin is installed in ${root.directory}`);
  const lines = rows.length === 0 ? [] : tableLines([HEAD, ...plugins.map((plugin) => row(context, plugin))]);
  await context.output.result({ plugins }, lines);
  throwFailures(rows.flatMap(({ error }) => error ?? []));
}

const HEAD = ['NAME', 'VERDICT', 'SIGNER', 'JUDGED', 'DIGEST'];

function reverifiedDocument({ name, facts, rejected, error }: ReverifiedPlugin): ReverifiedDocument {
  const failure = error === undefined ? {} : { error: failureFacts(error) };
  if (facts === undefined) return { name, accepted: false, ...failure };
  const { reference, digest, verdict } = facts;
  const { judgedAt } = verdict;
  return { name, reference, digest, ...signaturesDocument(verdict, rejected), judgedAt, ...failure };
}

function row({ io }: Context, plugin: ReverifiedDocument): string[] {
  const { name, digest, accepted, policy, signers = [], stale = false, judgedAt } = plugin;
  const verdict = `${accepted ? 'accepted' : 'refused'}${policy === undefined ? '' : ` (${policy.clause})`}`;
  const signer = signers.map(({ clause }) => shortDigests(clause)).join(', ') || 'unsigned';
  const age = judgedAt === undefined ? '-' : verdictAge(io, { judgedAt, stale });
  return [name, verdict, signer, age, digest === undefined ? '-' : shortDigest(digest)];
}
