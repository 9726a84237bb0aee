import { type Op, ociLimits } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { Installed } from '../install/installed.ts';
import { mapParallel } from '../install/map-parallel.ts';
import type { PreparedInstall } from '../install/prepare.ts';

/** What became of one plugin of a set. */
export type SetOutcome<Request> =
  | { readonly state: 'installed' | 'unchanged'; readonly request: Request; readonly installed: Installed }
  /** It was fine, and was not activated because another one failed. */
  | { readonly state: 'held back'; readonly request: Request; readonly name: string }
  | { readonly state: 'failed'; readonly request: Request; readonly error: unknown };

/** How a set is installed. */
export interface SetOptions {
  /** Activate the good ones although others failed. Default: activate none. */
  readonly keepGoing?: boolean;
}

/** What goes with a set. */
export interface Sealed<Request> {
  /** Called after the last switch, unless no switch was thrown. When it throws, all are taken back, and it is thrown on. */
  readonly seal?: (outcomes: readonly SetOutcome<Request>[]) => void;
}

/** One request and how far it came. */
type Attempt<Request> =
  | { readonly request: Request; readonly prepared: PreparedInstall }
  | { readonly request: Request; readonly error: unknown };

/**
 * Installs a declared set: every plugin is prepared, every failure is collected, and then the switches are thrown. When
 * one fails none is activated, unless `keepGoing`; when a switch itself fails, those before it are taken back.
 * Never throws for a plugin's failure: look at the outcomes, which stand in the order of the requests. Cancellation throws,
 * and so does `seal`.
 */
export async function installSet<Request>(
  requests: readonly Request[],
  prepare: (request: Request) => Promise<PreparedInstall>,
  options: SetOptions & Sealed<Request> = {},
  op?: Op,
): Promise<readonly SetOutcome<Request>[]> {
  const attempts = await mapParallel(
    requests,
    ociLimits(op, 'parallelTransfers'),
    async (request): Promise<Attempt<Request>> => {
      try {
        return { request, prepared: await prepare(request) };
      } catch (error) {
        return { request, error };
      }
    },
  );
  try {
    op?.signal?.throwIfAborted();
    const checked = refuseDuplicates(attempts);
    const failed = checked.some((attempt) => 'error' in attempt);
    return failed && options.keepGoing !== true ? checked.map(heldBack) : activateAll(checked, options, op);
  } finally {
    for (const attempt of attempts) if ('prepared' in attempt) await attempt.prepared[Symbol.asyncDispose]();
  }
}

function heldBack<Request>(attempt: Attempt<Request>): SetOutcome<Request> {
  if ('error' in attempt) return { state: 'failed', request: attempt.request, error: attempt.error };
  return { state: 'held back', request: attempt.request, name: attempt.prepared.name };
}

function activateAll<Request>(
  attempts: readonly Attempt<Request>[],
  options: SetOptions & Sealed<Request>,
  op?: Op,
): readonly SetOutcome<Request>[] {
  const activated: PreparedInstall[] = [];
  const outcomes: SetOutcome<Request>[] = [];
  for (const attempt of attempts) {
    if ('error' in attempt) {
      outcomes.push(heldBack(attempt));
      continue;
    }
    const { request, prepared } = attempt;
    try {
      const installed = prepared.activate(op);
      activated.push(prepared);
      outcomes.push({ state: prepared.unchanged ? 'unchanged' : 'installed', request, installed });
    } catch (error) {
      if (options.keepGoing !== true) return takeBack(attempts, activated, prepared, error);
      outcomes.push({ state: 'failed', request, error });
    }
  }
  try {
    options.seal?.(outcomes);
  } catch (error) {
    for (const prepared of activated.toReversed()) prepared.revert();
    throw error;
  }
  return outcomes;
}

/** The names are again what they were; the plugin whose switch failed is the one to report. */
function takeBack<Request>(
  attempts: readonly Attempt<Request>[],
  activated: readonly PreparedInstall[],
  culprit: PreparedInstall,
  error: unknown,
): readonly SetOutcome<Request>[] {
  for (const prepared of activated.toReversed()) prepared.revert();
  return attempts.map((attempt) =>
    'prepared' in attempt && attempt.prepared === culprit
      ? { state: 'failed', request: attempt.request, error }
      : heldBack(attempt),
  );
}

/** Two plugins of a set cannot have one name. */
function refuseDuplicates<Request>(attempts: readonly Attempt<Request>[]): readonly Attempt<Request>[] {
  const seen = new Set<string>();
  return attempts.map((attempt) => {
    if ('error' in attempt) return attempt;
    const folded = attempt.prepared.name.toLowerCase();
    if (!seen.has(folded)) {
      seen.add(folded);
      return attempt;
    }
    const message = `two plugins of the set have the name ${attempt.prepared.name}`;
    return { request: attempt.request, error: coreError('INSTALL_NAME_TAKEN', message) };
  });
}
