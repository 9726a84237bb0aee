import type { KeptTrustRoots, Policy, TrustRootSource } from '@gantry/core';
import { type Environment, isGantryError, type Op } from '@gantry/oci';
import { formatDuration } from '../output/quantity.ts';
import { type Check, failed, ok } from './check.ts';

/** Whether the trust root of each trust entry that wants signatures is at hand, and for how long it is good. */
export async function checkTrustRoots(
  policy: Policy,
  trustRoots: KeptTrustRoots,
  environment: Pick<Environment, 'now'>,
  op: Op,
): Promise<Check[]> {
  const clauses = policy.lists.flat().filter(({ signatures }) => signatures !== undefined);
  const sources = new Map(
    clauses.flatMap(({ signatures }) =>
      signatures === undefined ? [] : [[JSON.stringify(signatures.trustRoot), signatures.trustRoot] as const],
    ),
  );
  if (sources.size === 0) return [ok('trust-root', 'no trust entry wants signatures')];
  const findings: Check[] = [];
  for (const source of sources.values()) {
    try {
      findings.push(await checkSource(source, trustRoots, environment.now(), op));
    } catch (error) {
      if (!isGantryError(error)) throw error;
      findings.push(failed('trust-root', error));
    }
  }
  return findings;
}

async function checkSource(source: TrustRootSource, trustRoots: KeptTrustRoots, now: number, op: Op): Promise<Check> {
  if (source.type === 'none') return ok('trust-root', 'keys need none');
  const name = nameOf(source);
  const loaded = await trustRoots.atHand(source, op);
  if (loaded === undefined) {
    return {
      check: 'trust-root',
      state: 'warning',
      message: `${name} is not at hand yet; the first verification fetches it`,
      hint: 'run gantry trust update now if later there is no network',
    };
  }
  const facts = await trustRoots.facts(source, op);
  if (facts === undefined) return ok('trust-root', `${name} is at hand and does not expire`);
  const age = `confirmed ${formatDuration(now - facts.checked)} ago`;
  if (!loaded.stale) return ok('trust-root', `${name}: ${age}, expires in ${formatDuration(facts.expires - now)}`);
  const ended = loaded.goodUntil !== undefined && now > loaded.goodUntil;
  return {
    check: 'trust-root',
    state: ended ? 'problem' : 'warning',
    message: `${name}: ${age}, expired ${formatDuration(now - facts.expires)} ago${
      ended ? '; nothing new can be verified with it' : ''
    }`,
    hint: 'run gantry trust update',
  };
}

function nameOf(source: Exclude<TrustRootSource, { readonly type: 'none' }>): string {
  if (source.type === 'public') return 'the public-good trust root';
  if (source.type === 'tuf') return source.mirror;
  return source.type === 'file' ? source.path : 'the trust root from PEM files';
}
