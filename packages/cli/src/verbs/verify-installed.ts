import type { ReverifiedPlugin } from '@gantry/core';
import { throwFailures } from '../app/failures.ts';
import { openPlugins, type RootFlags } from '../app/plugins.ts';
import { type SignaturesDocument, signaturesDocument } from '../app/verdict-documents.ts';
import type { Context } from '../context.ts';
import { type FailureFacts, failureFacts } from '../output/failure.ts';
import { formatDuration, shortDigest } from '../output/quantity.ts';
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
  const now = Date.now();
  const lines = rows.length === 0 ? [] : tableLines([HEAD, ...plugins.map((plugin) => row(plugin, now))]);
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

function row({ name, digest, accepted, policy, signers, stale, judgedAt }: ReverifiedDocument, now: number): string[] {
  const verdict = `${accepted ? 'accepted' : 'refused'}${policy === undefined ? '' : ` (${policy.clause})`}`;
  const signer = signers?.map(({ clause }) => clause).join(', ') || 'unsigned';
  const age =
    judgedAt === undefined ? '-' : `${formatDuration(now - Date.parse(judgedAt))} ago${stale ? ', stale' : ''}`;
  return [name, verdict, signer, age, digest === undefined ? '-' : shortDigest(digest)];
}
