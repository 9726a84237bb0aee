import type { InstalledFacts, ListedPlugin, Verdict } from '@gantry/core';
import { formatPlatform } from '@gantry/oci';
import { type FailureFacts, failureFacts } from '../output/failure.ts';

/** A verdict in a listing. */
export interface VerdictDocument {
  readonly accepted: boolean;
  readonly policy: string;
  /** The clause that vouches for it, else `unsigned`. */
  readonly signer: string;
  /** ISO 8601: when the registry was last in reach. */
  readonly judgedAt: string;
  /** Whether the trust material it rests on has ended, or is not at hand any more. */
  readonly stale: boolean;
}

/** A plugin as `install` and `list` print it. */
export interface PluginDocument {
  readonly name: string;
  readonly reference: string;
  readonly digest: string;
  readonly kind: string;
  readonly platform: string | null;
  readonly verdict: VerdictDocument;
  /** The directory of the content. */
  readonly path: string;
  /** The file that runs. */
  readonly entry: string | null;
}

/** A plugin whose receipt cannot be read, in a listing. */
export interface DamagedDocument {
  readonly name: string;
  readonly error: FailureFacts;
}

/** The document about an installed plugin. */
export function pluginDocument(facts: InstalledFacts): PluginDocument {
  return {
    name: facts.name,
    reference: facts.reference,
    digest: facts.digest,
    kind: facts.kind,
    platform: facts.platform === undefined ? null : formatPlatform(facts.platform),
    verdict: verdictDocument(facts.verdict),
    path: facts.path,
    entry: facts.entry ?? null,
  };
}

/** The document about a row of a listing. */
export function listedDocument(row: ListedPlugin): PluginDocument | DamagedDocument {
  return row.facts === undefined ? { name: row.name, error: failureFacts(row.error) } : pluginDocument(row.facts);
}

/** The document about a verdict. */
export function verdictDocument({ accepted, policy, signer, judgedAt, stale }: Verdict): VerdictDocument {
  return { accepted, policy, signer, judgedAt, stale };
}
