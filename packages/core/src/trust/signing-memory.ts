import type { Digest, GantryError, Op } from '@gantry/oci';
import { coreError } from '../core-errors.ts';
import type { Subject, Verdict } from './verdict.ts';

/** When something was signed, and what. */
export interface SigningTime {
  /** Milliseconds since 1970, as a log or a timestamp authority tells it. */
  readonly time: number;
  /** Undefined when only the time can still be read. */
  readonly digest: Digest | undefined;
}

/** Remembers the newest signing time that was accepted of each signer in each repository. */
export interface SigningMemory {
  newest(repository: string, signer: string, op?: Op): SigningTime | undefined;
  /** Keeps the newer of this and what is remembered. */
  remember(repository: string, signer: string, what: SigningTime, op?: Op): void;
}

/**
 * Why a verdict that accepts would take a step back: the same signer has signed something newer in this repository, and it
 * was accepted here. Undefined when it would not.
 *
 * Where the policy asks for no time, whoever serves an old signature can leave its log entry or timestamp away. So a
 * signature without a time does not follow one that had a time, as long as there is a trust root that could tell it;
 * under a policy without one no signature has a time, and nothing is compared.
 */
export function rollbackOf(
  memory: SigningMemory,
  subject: Subject,
  verdict: Verdict,
  op?: Op,
): GantryError | undefined {
  for (const [signer, time] of newestBySigner(verdict)) {
    const newest = memory.newest(subject.scopeName, signer, op);
    if (newest === undefined || newest.digest === verdict.subject) continue;
    if (time === undefined ? verdict.trustRootDigest === undefined : time >= newest.time) continue;
    const [offered, accepted] = [time === undefined ? 'no trusted time' : isoTime(time), isoTime(newest.time)];
    const message = `${subject.reference} was signed at ${offered}; what was signed at ${accepted} has been accepted before`;
    return coreError('POLICY_ROLLBACK', message, {
      details: {
        reference: subject.reference,
        ...{ signer, expected: accepted, found: offered },
        accepted: newest.digest ?? null,
      },
    });
  }
  return undefined;
}

/** Remembers the signatures of an accepting verdict. */
export function rememberSigning(memory: SigningMemory, subject: Subject, verdict: Verdict, op?: Op): void {
  for (const [signer, time] of newestBySigner(verdict)) {
    if (time !== undefined) memory.remember(subject.scopeName, signer, { time, digest: verdict.subject }, op);
  }
}

/** Undefined for a signer none of whose signatures has a trusted time. */
function newestBySigner({ signatures }: Verdict): ReadonlyMap<string, number | undefined> {
  const newest = new Map<string, number | undefined>();
  for (const { signer, time } of signatures) {
    const known = newest.get(signer);
    newest.set(signer, time === undefined ? known : Math.max(time, known ?? 0));
  }
  return newest;
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}
