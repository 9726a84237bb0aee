import {
  type Gantry,
  installLocked,
  type LockChange,
  type LockedRequest,
  type SetOutcome,
  tagDigests,
} from '@gantry/core';
import type { Digest, Op } from '@gantry/oci';
import { lockFileOf } from '../app/declared-plugins.ts';
import { throwFailures } from '../app/failures.ts';
import { type AcquireFlags, openGantryFor } from '../app/open-gantry.ts';
import { openPlugins } from '../app/plugins.ts';
import { type TrackedPlugin, trackedPlugins } from '../app/tracked-plugins.ts';
import { cliError } from '../cli-errors.ts';
import type { Context } from '../context.ts';
import { shortDigest, shortDigests } from '../output/quantity.ts';

/** Flags of `gantry update`. */
export interface UpdateFlags extends AcquireFlags {
  readonly keepGoing?: boolean;
}

/** What an update did about one plugin. */
interface UpdatedPlugin {
  readonly name: string;
  readonly state: 'installed' | 'updated' | 'unchanged';
  readonly reference: string;
  /** Null when it was not installed. */
  readonly previous: Digest | null;
  readonly digest: Digest;
  readonly previousSigner: string | null;
  readonly signer: string;
}

/**
 * `gantry update [name]`: asks the tags again, of gantry.yaml's plugins and of installed ones, and installs and locks what
 * has moved; all of it or, without `--keep-going`, nothing. JSON: {plugins: [{name, state, reference, previous, digest,
 * previousSigner, signer}], lock: {file, changed} or null}.
 */
export async function update(
  context: Context,
  [name]: readonly [string | undefined],
  flags: UpdateFlags,
): Promise<void> {
  const { root, settings, op } = await openPlugins(context, flags);
  const tracked = await trackedPlugins(settings, root, flags);
  const chosen = name === undefined ? tracked.plugins : tracked.plugins.filter((plugin) => plugin.name === name);
  if (name !== undefined && chosen.length === 0) {
    // Says so, or why it cannot be read.
    await root.why(name, op);
  }
  if (chosen.length === 0 && tracked.failures.length === 0) {
    throw cliError('CONFIG_USAGE', 'no plugin is installed, and gantry.yaml has none', {
      hint: 'gantry install REFERENCE installs one',
    });
  }
  const sources = chosen.map(({ request }) => request.source);
  await using gantry = openGantryFor(context, settings, flags, sources);
  const requests = await staleRequests(gantry, chosen, name !== undefined, op);
  const { outcomes, changes } = await apply(gantry, requests, lockFileOf(settings), flags, op);
  await show(context, chosen, outcomes, changes, lockFileOf(settings), {
    keepGoing: flags.keepGoing === true,
    failures: name === undefined ? tracked.failures : [],
  });
}

async function apply(
  gantry: Gantry,
  requests: readonly LockedRequest[],
  lockFile: string | undefined,
  flags: UpdateFlags,
  op: Op,
): Promise<{ readonly outcomes: readonly SetOutcome<LockedRequest>[]; readonly changes: readonly LockChange[] }> {
  const keepGoing = flags.keepGoing === true;
  if (lockFile !== undefined) return installLocked(gantry, requests, { lockFile, keepGoing, partial: true }, op);
  // Without a gantry.yaml there is nothing to lock.
  const outcomes = (await gantry.installAll(requests, { keepGoing }, op)) as readonly SetOutcome<LockedRequest>[];
  return { outcomes, changes: [] };
}

/** Requests for what is not what its tag stands for; a tag that has not moved costs one HEAD. */
async function staleRequests(
  gantry: Gantry,
  chosen: readonly TrackedPlugin[],
  isNamed: boolean,
  op: Op,
): Promise<LockedRequest[]> {
  const digests = await tagDigests(
    gantry,
    chosen.map(({ request }) => request),
    op,
  );
  return chosen.flatMap((plugin, index): LockedRequest[] => {
    const { request, declared, receipt, locked } = plugin;
    const answer = digests[index];
    // Asked again, it fails again: there the failure is counted among those of the set.
    if (answer === undefined || 'error' in answer) return [{ ...request, lock: request.lock ?? 'renew' }];
    const { digest } = answer;
    if (digest === undefined) return declared || isNamed ? [{ ...request, lock: request.lock ?? 'renew' }] : [];
    if (receipt?.digest === digest && (!declared || locked?.digest === digest)) return [];
    return [{ ...request, lock: request.lock ?? (locked?.digest === digest ? 'keep' : 'renew') }];
  });
}

async function show(
  context: Context,
  chosen: readonly TrackedPlugin[],
  outcomes: readonly SetOutcome<LockedRequest>[],
  changes: readonly LockChange[],
  lockFile: string | undefined,
  how: { readonly keepGoing: boolean; readonly failures: readonly unknown[] },
): Promise<void> {
  const failures = outcomes.flatMap((outcome) => (outcome.state === 'failed' ? [outcome.error] : []));
  if (failures.length === 0 || how.keepGoing) {
    const plugins = chosen.flatMap((plugin) => updatedPlugin(plugin, outcomes));
    const lock = lockFile === undefined ? null : { file: lockFile, changed: changes.length > 0 };
    await context.output.result({ plugins, lock }, plugins.map(updateLine));
    if (lock?.changed === true) context.output.note(`wrote ${lock.file}`);
  } else if (outcomes.some(({ state }) => state === 'held back')) {
    context.output.note('nothing was updated, because others failed; --keep-going updates the good ones');
  }
  throwFailures([...how.failures, ...failures]);
}

/** Nothing for a plugin that failed. */
function updatedPlugin(
  { name, request, receipt }: TrackedPlugin,
  outcomes: readonly SetOutcome<LockedRequest>[],
): UpdatedPlugin[] {
  const outcome = outcomes.find((item) => item.request.name === name);
  const previous = receipt?.digest ?? null;
  const previousSigner = receipt?.verdict.signer ?? null;
  if (outcome === undefined) {
    if (receipt === undefined) return [];
    const { reference, digest, verdict } = receipt;
    return [{ name, state: 'unchanged', reference, previous, digest, previousSigner, signer: verdict.signer }];
  }
  if (!('installed' in outcome)) return [];
  const { reference, digest, verdict } = outcome.installed.facts;
  const state = previous === null ? 'installed' : previous === digest ? 'unchanged' : 'updated';
  return [{ name: request.name, state, reference, previous, digest, previousSigner, signer: verdict.signer }];
}

function updateLine(plugin: UpdatedPlugin): string {
  const { name, state, previous, digest, previousSigner, signer, reference } = plugin;
  const signers =
    state !== 'updated' || previousSigner === signer
      ? shortDigests(signer)
      : shortDigests(`${previousSigner} -> ${signer}`);
  if (state !== 'updated' || previous === null) return `${state} ${name} (${signers}) ${reference}`;
  return `updated ${name} ${shortDigest(previous)} -> ${shortDigest(digest)} (${signers}) ${reference}`;
}
