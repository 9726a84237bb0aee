import { isPluginName } from '@gantry/core';
import { impliedReference } from '../app/mistaken-reference.ts';
import { openGantryFor } from '../app/open-gantry.ts';
import { type ConfigFlags, readSettings } from '../app/settings.ts';
import { clauseDocument, clauseRows } from '../app/trust-documents.ts';
import type { Context } from '../context.ts';
import { tableLines } from '../output/table.ts';

/**
 * `gantry trust explain <ref>`: which trust entries answer for a source, and where each part of them stands. Reads files,
 * asks nobody. JSON: {name, configuration, policyDigest, fallback, clauses: [{scope, require, source, settings: [{name,
 * value, source}], trustRoot, outranked}]}; without clauses the fallback holds.
 */
export async function trustExplain(context: Context, [source]: readonly [string], flags: ConfigFlags): Promise<void> {
  const settings = await readSettings(context, flags);
  await using gantry = openGantryFor(context, settings, flags, [source]);
  const { name, policyDigest, fallback, clauses } = await gantry.explain({ source, base: context.io.cwd }, settings.op);
  const document = {
    name,
    configuration: settings.configuration.file ?? null,
    policyDigest,
    fallback,
    clauses: clauses.map(clauseDocument),
  };
  const implied = isPluginName(source) ? impliedReference(source) : undefined;
  if (implied !== undefined) {
    context.output.note(
      `hint: ${source} was read as ${implied}; of an installed plugin gantry why ${source} shows the policy`,
    );
  }
  const rows =
    document.clauses.length === 0
      ? [['entry', `${fallback}: no trust entry matches`, 'default']]
      : document.clauses.flatMap(clauseRows);
  await context.output.result(document, tableLines([['name', name], ['policy digest', policyDigest], ...rows]));
}
